/** Connect to ICQ servers over UDP, versions 2 to 5. */
export { connectUdp, type FoundUser, UdpClient, type UdpConnectOptions, type UdpEvent } from './client.ts';
export { type FindCriteria, type FullInfo, UdpDirectory } from './directory.ts';
export { RESEND_MS } from './link.ts';
export { nodeUdpPlatform, type UdpPlatform } from './platform.ts';
export { type Registered, registerUdp, type RegisterOptions, type UdpVersion } from './sign-on.ts';
export type { SharedContact } from '../typed-messages.ts';
export type { Worded } from './words.ts';
