/** The UDP protocols of 1996 to 1999, versions 1 to 5. @see docs/protocol/icq-udp.md */
export { type CheckChoice } from './crypt.ts';
export * from './declaration.ts';
export * from './dissect.ts';
export * from './multi.ts';
export * from './packet.ts';
export * from './registry.ts';
export { type HomeInfo, MessageType, TextCode, type WorkInfo } from './shared.ts';
export * as commands from './commands.ts';
export * as meta from './meta.ts';
export * as replies from './replies.ts';
export type { AckMessages, Login, LoginTail, RegNewUser, SearchUser, UpdateExtInfo, UpdateInfo } from './commands.ts';
export type { ExtInfoReply, Found, LoginReply, RecvMessage, UserFound, UserOnline } from './replies.ts';
export type { MetaDeclaration, MetaValue, MetaForm } from './meta.ts';
