/** OSCAR: the TCP protocol of ICQ 2000 and later. One module per family, named as in docs/protocol/oscar.md. */
export * from './capabilities.ts';
export * from './family.ts';
export * from './flap.ts';
export * from './roast.ts';
export * from './snac.ts';
export * from './status.ts';
export * from './strings.ts';
export * from './user-info.ts';
export * as buddy from './buddy.ts';
export * as feedbag from './feedbag.ts';
export * as icbm from './icbm.ts';
export * as icqMeta from './icq-meta.ts';
export * as location from './location.ts';
export * as login from './login.ts';
export * as oservice from './oservice.ts';
export * as privacy from './privacy.ts';
export * as rendezvous from './rendezvous.ts';
