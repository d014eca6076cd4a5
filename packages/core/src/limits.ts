/** Every limit of the service, with its reason. Configuration overrides by these names: `limits.mailbox_messages_max`. */
export interface Limits {
  readonly mailboxMessagesMax: number;
  readonly mailboxBytesMax: number;
  readonly mailboxPerSenderMax: number;
  readonly mailboxDays: number;
  readonly historyDays: number;
  readonly messageBytesMax: number;
  readonly contactsMax: number;
  readonly rosterItemsMax: number;
  readonly rosterListMax: number;
  readonly rosterItemBytesMax: number;
  readonly reasonBytesMax: number;
  readonly grantsMax: number;
  readonly requestRepeatMs: number;
  readonly requestsAtOnceMax: number;
  readonly requestMs: number;
  readonly profileBytesMax: number;
  readonly mediaTypeBytesMax: number;
  readonly capabilitiesMax: number;
  readonly coexistingSessionsMax: number;
  readonly ownSessionsMax: number;
  readonly fetchWaitMs: number;
  readonly confirmAfterMs: number;
  readonly cookieMs: number;
  readonly cookiesMax: number;
  readonly cookiesPerAccountMax: number;
  readonly failuresFreePerPair: number;
  readonly failuresFreePerAddressPerMinute: number;
  readonly failureDelayMs: number;
  readonly failureDelayMaxMs: number;
  readonly brakeEntriesMax: number;
  readonly passwordsComparedMax: number;
  readonly floodDelayMs: number;
  readonly registrationsFreePerAddressPerHour: number;
  readonly registrationsPerHour: number;
  readonly firstBytesMs: number;
  readonly signOnMs: number;
  readonly readyMs: number;
  readonly idleMs: number;
  readonly sendQueueBytesMax: number;
  readonly connectionsMax: number;
  readonly connectionsPerNetworkMax: number;
  readonly frameBytesBeforeSignOnMax: number;
  readonly wireErrorsMax: number;
  readonly inputsWaitingMax: number;
  readonly loginPacketsMax: number;
  readonly serviceConnectionsMax: number;
  readonly roomsOwnedMax: number;
  readonly roomsJoinedMax: number;
  readonly roomMembersMax: number;
  readonly roomGuestsMax: number;
  readonly roomNameBytesMax: number;
  readonly roomLineBytesMax: number;
  readonly roomDays: number;
  readonly pictureBytesMax: number;
  readonly bansMax: number;
  readonly placesMax: number;
  readonly newAddressNoticeMs: number;
  readonly newAddressPasswordMs: number;
  readonly placeVisitsKeptMax: number;
  readonly routeLookMs: number;
  readonly searchesAtOnceMax: number;
  readonly searchMs: number;
  readonly passwordTriesMax: number;
  readonly passwordTryMs: number;
  readonly searchedOnlineMax: number;
  readonly profileTextBytesMax: number;
  readonly groupsMax: number;
  readonly watchersMax: number;
  readonly answerableMs: number;
  readonly answerableMax: number;
  readonly quietSessionMs: number;
  readonly fetchMessagesMax: number;
  readonly heldMessagesMax: number;
  readonly unconfirmedMessagesMax: number;
  readonly confirmationsWaitingMax: number;
  readonly partingMs: number;
  readonly udpSessionsMax: number;
  readonly udpSignOnsMax: number;
  readonly udpKeepAliveMs: number;
  readonly udpSilenceMs: number;
  readonly udpWindowMax: number;
  readonly udpResendMs: number;
  readonly udpResendMaxMs: number;
  readonly udpSendsMax: number;
  readonly udpReadyMax: number;
  readonly udpQueuedMax: number;
  readonly udpMessagesWaitingMax: number;
  readonly udpNextCopyMs: number;
  readonly udpAheadMax: number;
  readonly udpAheadMs: number;
  readonly udpRefusalsPerAddressMax: number;
  readonly udpRefusalsMax: number;
  readonly udpRegistrationsPerAddressPerHour: number;
  readonly udpRegistrationsPerHour: number;
  readonly udpRegistrationMs: number;
  readonly udpReplacementsPerMinute: number;
  readonly udpSignOnsRememberedMax: number;
}

const MINUTE = 60_000;

/** design: humans are never punished; these stop machines. */
export const PEOPLE: Limits = {
  mailboxMessagesMax: 2_000, // a long absence of a popular person
  mailboxBytesMax: 4 * 1024 * 1024,
  mailboxPerSenderMax: 200, // one sender cannot fill another's mailbox
  mailboxDays: 90,
  historyDays: 30, // our own clients catch up by cursor over this time
  messageBytesMax: 8_000, // what 04/05 announces to every client
  contactsMax: 1_000,
  rosterItemsMax: 3_000, // contacts, groups, and the lists beside them
  rosterListMax: 1_000, // each of visible, invisible, ignore
  rosterItemBytesMax: 4_096,
  reasonBytesMax: 1_000,
  grantsMax: 10_000, // whom one account has authorised; a popular person has thousands of watchers
  requestRepeatMs: 10 * MINUTE, // clients that ask for authorisation again within this time are answered, the other is not asked again
  requestsAtOnceMax: 30, // people one account asks for authorisation: whom somebody who brings his list along wants to see first
  requestMs: 12_000, // after those there is one more each time: five a minute
  profileBytesMax: 4_096,
  mediaTypeBytesMax: 256, // of the name of the format such a text is in
  capabilitiesMax: 64,
  coexistingSessionsMax: 3,
  ownSessionsMax: 8,
  fetchWaitMs: 5_000, // live messages wait at most so long for the fetch of earlier ones
  confirmAfterMs: 1_000, // after a write, before an inbound frame confirms it
  cookieMs: MINUTE,
  cookiesMax: 120_000, // sign-ons of a minute at the highest rate a machine bears; beyond it the oldest are forgotten
  cookiesPerAccountMax: 32, // a session has 16 connections beside it at most; beyond it the account's oldest are forgotten
  failuresFreePerPair: 5, // people mistype
  failuresFreePerAddressPerMinute: 30, // a site's worth of people mistype
  failureDelayMs: 1_000,
  failureDelayMaxMs: 15 * MINUTE,
  brakeEntriesMax: 100_000, // memory of the brake, oldest forgotten first
  passwordsComparedMax: 100_000, // accounts known to have two passwords or one, some 300 bytes each; with more, the oldest are compared anew
  floodDelayMs: 10_000, // outside, for whose session was ended because it sent far too fast; doubled each time
  registrationsFreePerAddressPerHour: 20,
  registrationsPerHour: 1_000,
  firstBytesMs: 10_000,
  signOnMs: MINUTE,
  readyMs: MINUTE,
  idleMs: 5 * MINUTE, // clients keep alive every 30–60 s
  sendQueueBytesMax: 1024 * 1024, // then the reader is gone for us; its messages stay stored
  connectionsMax: 60_000,
  connectionsPerNetworkMax: 4_096, // before sign-on, per IPv4 /24 or IPv6 /56
  frameBytesBeforeSignOnMax: 16 * 1024,
  loginPacketsMax: 32, // before a session; no sign-on takes six, and each may cost a question to the database
  wireErrorsMax: 3, // malformed SNACs before the connection is closed
  serviceConnectionsMax: 16, // beside a session: one for each room, pictures, searches
  roomsOwnedMax: 10, // made by one account
  roomsJoinedMax: 10, // at once, as clients are told
  roomMembersMax: 500, // a line is written to each of them
  roomGuestsMax: 1_000, // whom a private room knows
  roomNameBytesMax: 100,
  roomLineBytesMax: 4_096, // a long paragraph in UTF-16
  roomDays: 90, // a room nobody came to for so long is forgotten
  pictureBytesMax: 32 * 1024, // clients make theirs of 8 KB or less
  inputsWaitingMax: 32, // packets of a client whose earlier ones wait for the database; further ones stay in the network
  bansMax: 100_000, // all in memory, some 300 bytes each
  placesMax: 20, // addresses remembered for an account: home, work, a telephone's changing ones
  newAddressNoticeMs: 60 * MINUTE, // who moves about is told once in this time; 0: nobody is told
  newAddressPasswordMs: MINUTE, // a client whose session is its only proof changes no password so soon after it came from a new address
  placeVisitsKeptMax: 50_000, // in memory: who was where lately, so that the store need not be asked at each sign-on
  routeLookMs: 30_000, // between two looks whether connections begin and are never completed; four in a row are told to the operator; 0: never
  searchesAtOnceMax: 30, // of one account; a person looks through a page between two
  searchMs: 2_000, // after those there is one more each time
  passwordTriesMax: 5, // changes of the own password and removals of the own account: each may be a guess of a password
  passwordTryMs: MINUTE, // after those there is one more each time
  searchedOnlineMax: 10_000, // people on line among whom one search looks
  profileTextBytesMax: 512, // of one line of a profile; what people write about themselves has profileBytesMax
  groupsMax: 200, // what 13/03 announces
  watchersMax: 3_000, // what 03/03 announces; a status change is written to each of them
  answerableMs: 10 * MINUTE, // auto-messages are answered within half a minute, file offers by people
  answerableMax: 256, // messages a client was given lately, and may answer past somebody's invisibility
  quietSessionMs: 90_000, // clients keep alive every 30–60 s; one that was silent for longer makes room for a new session
  fetchMessagesMax: 10_000, // of one fetch: several full mailboxes; the rest is for the next one
  heldMessagesMax: 1_000, // that wait for one session; more stay in the store until they are fetched
  unconfirmedMessagesMax: 30_000, // a client that takes so many without ever being heard of is gone
  confirmationsWaitingMax: 200_000, // when the store fails for long; beyond, those messages come twice
  partingMs: 5_000, // for a client to read our last words and close its side
  udpSessionsMax: 60_000,
  udpSignOnsMax: 500, // being checked at the same time; clients repeat the others
  udpKeepAliveMs: 110_000, // what clients are told; most have 120 s in themselves
  udpSilenceMs: 5 * MINUTE, // then a client is gone: it missed two signs of life
  udpWindowMax: 4, // packets sent and not acknowledged: small receive buffers, and clients that drop what follows a gap
  udpResendMs: 2_000, // before a packet is sent again the first time; half as long again each time
  udpResendMaxMs: 10_000,
  udpSendsMax: 9, // of one packet, within some 55 s: clients themselves give up after 60 to 90 s
  udpReadyMax: 32, // packets that wait for one client before the next message is made into more: several go in one where clients open that
  udpQueuedMax: 4_000, // packets that wait for one client: all its contacts, some answers, and messages as far as they are packets yet
  udpMessagesWaitingMax: 2_000, // written to a client that is slower than its writers; what was stored before it signed on waits in addition
  udpNextCopyMs: 12_000, // between two copies of a sign-on that does not show it is one: clients repeat every ten seconds
  udpAheadMax: 64, // packets of a client that came before the one that should be next
  udpAheadMs: 60_000, // that one is waited for: about as long as clients go on repeating it
  udpRefusalsPerAddressMax: 20, // in ten seconds, to those who are not signed on: a room full of people behind one address
  udpRefusalsMax: 2_000, // in ten seconds, to all of them: less than anybody would send us to have them sent to another
  udpRegistrationsPerAddressPerHour: 3, // its sender can be forged, and the answer is longer than the question
  udpRegistrationsPerHour: 100,
  udpRegistrationMs: 10 * MINUTE, // a number is kept for whoever got it to sign on
  udpReplacementsPerMinute: 3, // two clients with one number that put each other off line again and again
  udpSignOnsRememberedMax: 20_000, // of version 5 and the last day, not to be replayed from elsewhere; with more, the oldest are forgotten
};
