/** A client asks for a new UIN. @see oscar.md §2.7 */
import { isIPv4 } from 'node:net';
import type { Peer, Refusal } from '@seekyou/core';
import { be, bytes, encode, fixed, struct } from '@seekyou/wire';
import { login } from '@seekyou/wire/oscar';
import { askLogin, type LoginContext, type LoginEffect, type LoginRoute, onLogin } from './login.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import type { Request } from './state.ts';

function onRegisterRequest(context: LoginContext, { registration }: login.RegisterRequest, request: Request): readonly LoginEffect[] {
  const { settings, secure, peer } = context;
  // The password travels unhidden here.
  if (!secure && settings.clearSignOn === 'off') return refused(context, request, 0, 'registration-closed');
  if (registration === undefined) return refused(context, request, 0, 'bad-input');
  const { sequence, cookie } = registration;
  const password = Array.from(registration.password, (byte) => String.fromCharCode(byte)).join('');
  if (!OLD_PASSWORD.test(password)) return refused(context, request, cookie, 'bad-password');
  return [
    askLogin(
      'login.register',
      { password },
      ({ uin }) => [
        {
          do: 'send',
          packet: {
            declaration: login.registerReply,
            value: { registration: { sequence, ...portAndAddress(peer), cookie, uin } },
            requestId: request.requestId,
          },
        },
      ],
      ({ refusal }) => refused(context, request, cookie, refusal),
    ),
  ];
}

/** A client that registers signs on with the same password, so it must be one that all of them can send. */
const OLD_PASSWORD = /^[\x20-\x7e]{1,8}$/;

function portAndAddress({ address, port, known }: Peer): { readonly port: number; readonly address: number } {
  const octets = known && isIPv4(address) ? address.split('.').map(Number) : [];
  return { port: known ? port : 0, address: octets.reduce((sum, octet) => sum * 256 + octet, 0) };
}

const errorBlock = struct({
  zeros: bytes(fixed(6)),
  cookie: be.u32,
  port: be.u32,
  address: be.u32,
  cookieAgain: be.u32,
  unknown: bytes(fixed(8)),
});

/** COMPAT: libicq2000 skips 32 bytes of a 17/01 without looking, so the block is always there. */
function refused({ settings, peer }: LoginContext, request: Request, cookie: number, refusal: Refusal): readonly LoginEffect[] {
  const block = encode(errorBlock, { zeros: new Uint8Array(6), cookie, ...portAndAddress(peer), cookieAgain: cookie, unknown: new Uint8Array(8) });
  const value: login.ErrorReply = {
    code: REFUSAL_CODES[refusal],
    tlvs: { registration: block, ...(settings.helpUrl === undefined ? {} : { url: settings.helpUrl }) },
  };
  return [{ do: 'send', packet: { declaration: login.error, value, requestId: request.requestId } }];
}

/** One white pixel, GIF. */
const EMPTY_IMAGE = Uint8Array.from([
  0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0xff, 0xff, 0xff, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b,
]);

/**
 * COMPAT: licq takes every refusal for "read this picture first": it comes back, asks for the picture and registers again with
 * what its user typed. There is nothing to read here; an error instead would send it round in circles without its user.
 */
function onImageRequest(_context: LoginContext, _message: unknown, request: Request): readonly LoginEffect[] {
  const value = { mimeType: 'image/gif', image: EMPTY_IMAGE };
  return [{ do: 'send', packet: { declaration: login.imageReply, value, requestId: request.requestId } }];
}

export const routes: readonly LoginRoute[] = [onLogin(login.registerRequest, onRegisterRequest), onLogin(login.imageRequest, onImageRequest)];
