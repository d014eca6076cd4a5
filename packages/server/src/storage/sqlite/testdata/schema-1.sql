-- A database as schema 1 (seekyou 0.1.0) left it. Never edited: what migrations start from.
PRAGMA application_id = 1398361941;
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, release TEXT NOT NULL);
CREATE TABLE account (
  uin INTEGER PRIMARY KEY,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  salt BLOB NOT NULL,
  iterations INTEGER NOT NULL,
  stored_key BLOB NOT NULL,
  server_key BLOB NOT NULL,
  old BLOB,
  nickname TEXT NOT NULL,
  codepage INTEGER,
  authorisation_required INTEGER NOT NULL,
  hide_address INTEGER NOT NULL,
  last_seen_at INTEGER,
  roster_stamp INTEGER NOT NULL
);
CREATE TABLE used_uins (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE roster_item (
  owner INTEGER NOT NULL REFERENCES account (uin),
  group_id INTEGER NOT NULL,
  item_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  type INTEGER NOT NULL,
  name TEXT NOT NULL,
  uin INTEGER,
  nickname TEXT,
  awaiting INTEGER,
  mode TEXT,
  attributes BLOB,
  PRIMARY KEY (owner, group_id, item_id)
) WITHOUT ROWID;
CREATE INDEX roster_item_ignored ON roster_item (owner, uin) WHERE kind = 'ignore';
CREATE TABLE authorisation (
  owner INTEGER NOT NULL REFERENCES account (uin),
  contact INTEGER NOT NULL,
  PRIMARY KEY (owner, contact)
) WITHOUT ROWID;
CREATE INDEX authorisation_contact ON authorisation (contact);
CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recipient INTEGER NOT NULL,
  sender INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  size INTEGER NOT NULL,
  sender_id TEXT,
  delivered_at INTEGER,
  body BLOB NOT NULL
);
CREATE INDEX message_waiting ON message (recipient, id, sender, size) WHERE delivered_at = 0;
CREATE INDEX message_delivered ON message (recipient, id) WHERE delivered_at > 0;
CREATE UNIQUE INDEX message_sender_id ON message (sender, sender_id, recipient) WHERE sender_id IS NOT NULL;
CREATE INDEX message_sent_at ON message (sent_at);
CREATE INDEX message_delivered_at ON message (delivered_at) WHERE delivered_at > 0;
CREATE TABLE settled (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL);
INSERT INTO settled VALUES (1, 0);
INSERT INTO schema_version VALUES (1, '0.1.0');
INSERT INTO account VALUES (10001, 'active', 981173106007, x'010203', 4096, x'0707070707070707070707070707070707070707070707070707070707070707', x'0808080808080808080808080808080808080808080808080808080808080808', x'0100ff', 'Анна', 1251, 1, 0, 981173200000, 981173300);
INSERT INTO account VALUES (10002, 'suspended', 981173106008, x'010203', 4096, x'0707070707070707070707070707070707070707070707070707070707070707', x'0808080808080808080808080808080808080808080808080808080808080808', NULL, x'68616c6620eda0bd', NULL, 0, 1, NULL, 981173106);
INSERT INTO used_uins VALUES (10001, 10003);
INSERT INTO roster_item VALUES (10001, 0, 6, 'ignore', 14, '4294967294', 4294967294, NULL, NULL, NULL, NULL);
INSERT INTO roster_item VALUES (10001, 0, 7, 'visibility', 4, '', NULL, NULL, NULL, 'not-denied', x'00ca000104');
INSERT INTO roster_item VALUES (10001, 1, 0, 'group', 1, 'Друзья', NULL, NULL, NULL, NULL, NULL);
INSERT INTO roster_item VALUES (10001, 1, 5, 'contact', 0, '10002', 10002, 'O''Neil', 1, NULL, x'00660000');
INSERT INTO authorisation VALUES (10001, 10002);
INSERT INTO message VALUES (1, 10002, 10001, 981173110000, 5, NULL, 981173140000, x'0101056669727374');
INSERT INTO message VALUES (2, 10002, 10001, 981173120000, 9, '0123456789abcdef0123456789abcdef', NULL, x'018208687474703a2f2f780163066963626d2f310300feff');
INSERT INTO message VALUES (3, 10001, 10002, 981173130000, 10, NULL, NULL, x'01040ad0bfd183d181d182d0b8');
UPDATE sqlite_sequence SET seq = 3 WHERE name = 'message';
