/** Signing on by SCRAM-SHA-256-PLUS: how our own clients do it, on encrypted connections only. @see docs/protocol/own.md §3 */
import { parseUin, type Refused, type Time, type Uin } from '@seekyou/core';
import { login, own, scram } from '@seekyou/wire/oscar';
import { softwareFrom } from './clients.ts';
import { askLogin, endingWith, type LoginContext, type LoginEffect, type LoginRoute, onLogin, sameBytes } from './login.ts';
import { AUTH_ERRORS } from './refusal-codes.ts';
import type { ClientSoftware, Request } from './state.ts';

const { AuthError } = login;

/** Between the two messages of a client. */
export interface ScramExchange {
  readonly uin: Uin;
  readonly first: scram.ClientFirst;
  readonly answer: scram.ServerFirst;
  readonly software: ClientSoftware;
  readonly at: Time;
}

function failed({ settings }: LoginContext, request: Request, error: number, reason: scram.ScramFault, retryMs?: number): readonly LoginEffect[] {
  const value: own.ScramError = {
    error,
    reason,
    ...(settings.helpUrl === undefined ? {} : { url: settings.helpUrl }),
    ...(retryMs === undefined ? {} : { retryMs }),
  };
  return endingWith({ declaration: own.scramError, value, requestId: request.requestId });
}

function refusedBy(context: LoginContext, request: Request) {
  return ({ refusal, retryMs }: Refused): readonly LoginEffect[] => failed(context, request, AUTH_ERRORS[refusal], 'other-error', retryMs);
}

/** Every UIN is answered alike, whether it exists or not. */
function onClientFirst(context: LoginContext, packet: own.ScramClientFirst, request: Request): readonly LoginEffect[] {
  const { state, secure, channelBinding, now } = context;
  if (!secure || channelBinding === undefined) return failed(context, request, AuthError.upgradeRequired, 'channel-binding-not-supported');
  // One sign-on for each connection: whoever wants to try again can afford a handshake.
  if (state.scram !== undefined) return failed(context, request, AuthError.badInput, 'other-error');
  const first = scram.readClientFirst(packet.message ?? '');
  if (typeof first === 'string') return failed(context, request, AuthError.badInput, first);
  const uin = parseUin(first.user);
  if (uin === undefined) return failed(context, request, AuthError.mismatch, 'other-error');
  const refused = refusedBy(context, request);
  return [
    askLogin(
      'login.key',
      undefined,
      (key) => [
        askLogin(
          'login.scram-start',
          { uin },
          ({ salt, iterations }) => {
            const answer = scram.serverFirst(first.nonce + key, salt, iterations);
            return [
              { do: 'become', change: { scram: { uin, first, answer, software: softwareFrom(packet), at: now } } },
              { do: 'send', packet: { declaration: own.scramServerFirst, value: { message: answer.message }, requestId: request.requestId } },
            ];
          },
          refused,
        ),
      ],
      refused,
    ),
  ];
}

function onClientFinal(context: LoginContext, packet: own.ScramClientFinal, request: Request): readonly LoginEffect[] {
  const { state, settings, channelBinding, now } = context;
  const exchange = state.scram;
  if (exchange === undefined || channelBinding === undefined || now - exchange.at >= settings.keyMs) {
    return failed(context, request, AuthError.badInput, 'other-error');
  }
  const final = scram.readClientFinal(packet.message ?? '');
  if (typeof final === 'string') return failed(context, request, AuthError.badInput, final);
  if (!sameBytes(final.binding, scram.boundInput(channelBinding))) {
    const told = (): readonly LoginEffect[] => failed(context, request, AuthError.other, 'channel-bindings-dont-match');
    return [askLogin('login.intercepted', { uin: exchange.uin }, told, told)];
  }
  if (final.nonce !== exchange.answer.nonce) return failed(context, request, AuthError.badInput, 'other-error');
  return proved(context, exchange, final, request);
}

function proved(context: LoginContext, exchange: ScramExchange, final: scram.ClientFinal, request: Request): readonly LoginEffect[] {
  const { uin, first, answer, software } = exchange;
  const refused = refusedBy(context, request);
  return [
    askLogin(
      'login.scram-finish',
      { uin, authMessage: scram.authMessage(first.bare, answer.message, final.withoutProof), proof: final.proof },
      ({ account, serverSignature }) => [
        askLogin(
          'login.admit',
          { account, software, coexist: true },
          ({ address, cookie }) =>
            endingWith({
              declaration: own.scramServerFinal,
              value: { message: scram.serverFinal(serverSignature), address, cookie },
              requestId: request.requestId,
            }),
          refused,
        ),
      ],
      refused,
    ),
  ];
}

/** The client made the verifier itself: nobody here learns the password. */
function onRegisterRequest(context: LoginContext, packet: own.RegisterRequest, request: Request): readonly LoginEffect[] {
  if (!context.secure) return failed(context, request, AuthError.upgradeRequired, 'channel-binding-not-supported');
  const { salt, iterations, storedKey, serverKey } = packet;
  if (salt === undefined || iterations === undefined || storedKey === undefined || serverKey === undefined) {
    return failed(context, request, AuthError.badInput, 'invalid-encoding');
  }
  return [
    askLogin(
      'login.register-own',
      { verifier: { salt, iterations, storedKey, serverKey } },
      ({ uin }) => endingWith({ declaration: own.registerReply, value: { uin }, requestId: request.requestId }),
      refusedBy(context, request),
    ),
  ];
}

export const routes: readonly LoginRoute[] = [
  onLogin(own.scramClientFirst, onClientFirst),
  onLogin(own.scramClientFinal, onClientFinal),
  onLogin(own.registerRequest, onRegisterRequest),
];
