/** Connect to ICQ servers: sign on, roster, presence, messages. */
export { formatEndpoint, parseFingerprint } from '@seekyou/net';
export { WireError } from '@seekyou/wire';
export { CODEPAGES, isCodepage } from '@seekyou/wire/text';
export { OwnAccount } from './account.ts';
export { Avatars, PICTURE_BYTES_MAX } from './avatars.ts';
export { AwayTexts } from './away-texts.ts';
export { Client, type ClientEvent, connect, type ConnectOptions, MESSAGE_BYTES_MAX, type SeenStatus } from './client.ts';
export { ANSWER_MS_MAX, type Dial, OscarConnection, type Timers } from './connection.ts';
export { Directory, type OtherEmail, type PersonDetails, type PersonFound, type PersonSearch, type Topic } from './directory.ts';
export { ClientError, type ClientErrorCode, type KeyTrouble, RequestRefused } from './errors.ts';
export type { Contact } from './feedbag.ts';
export { type Credentials, open, type Platform, register, type Server, signOn, type SignOnMethod } from './login.ts';
export { registerSecurely } from './scram.ts';
export { fileKnownServers } from './known-servers.ts';
export { nodePlatform } from './node.ts';
export { type RoomEvent, Rooms, type RoomSummary } from './rooms.ts';
export type { SharedContact } from './typed-messages.ts';
export type { KnownServers, PresentedKey, Trust } from './trust.ts';
