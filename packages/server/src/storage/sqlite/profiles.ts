/**
 * Profiles in SQLite, and what is searched beside them: numbers in one narrow table, folded texts and topics as rows of
 * their own, and an index of three-character pieces for texts that are known in part.
 */
import { type DirectoryEntry, folded, type StoredProfile } from '@seekyou/core';
import type { Statements } from './dialect.ts';
import type { Implementation } from './protocol.ts';

/** Numbers of what a row of `directory_text` is. Never changed: databases hold them. */
export const TextField = {
  nickname: 1,
  first: 2,
  last: 3,
  email: 4,
  city: 5,
  state: 6,
  company: 7,
  department: 8,
  position: 9,
} as const;

/** The same of `directory_topic`. */
export const TopicKind = { interest: 1, affiliation: 2, past: 3, homepage: 4 } as const;

const LOAD = 'SELECT data FROM profile WHERE uin = ?';
const ACCOUNT = 'SELECT 1 FROM account WHERE uin = ?';
const CALL = 'UPDATE account SET nickname = ? WHERE uin = ?';
const SAVE = 'REPLACE INTO profile (uin, data) VALUES (?, ?)';
const NUMBERS = `REPLACE INTO directory (uin, gender, country, occupation, language1, language2, language3, born, age, web_aware)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const ENTER = `INSERT OR IGNORE INTO directory (uin, gender, country, occupation, language1, language2, language3, born, age, web_aware)
  VALUES (?, 0, 0, 0, 0, 0, 0, 0, 0, 0)`;
const ADD_TEXT = 'INSERT OR IGNORE INTO directory_text (field, text, uin) VALUES (?, ?, ?)';
const ADD_TOPIC = 'INSERT INTO directory_topic (kind, category, uin, place, words) VALUES (?, ?, ?, ?, ?)';
const TEXTS = 'SELECT field, text FROM directory_text WHERE uin = ?';
const TOPICS = 'SELECT words FROM directory_topic WHERE uin = ?';
const DROP_TEXT = 'DELETE FROM directory_text WHERE uin = ?';
const DROP_FIELD = 'DELETE FROM directory_text WHERE uin = ? AND field = ?';
const DROP_TOPICS = 'DELETE FROM directory_topic WHERE uin = ?';
const DROP_WORDS = 'DELETE FROM directory_words WHERE rowid = ?';
const ADD_WORDS = 'INSERT INTO directory_words (rowid, nickname, first, last, email, topics) VALUES (?, ?, ?, ?, ?, ?)';

/** Between two texts of one column: no folded text has it. */
const SEPARATOR = '\n';

type ProfileNames = Extract<keyof Implementation<'writer'>, `profiles.${string}`>;

export interface Profiles {
  readonly operations: Pick<Implementation<'writer'>, ProfileNames>;
  /** The account has this name from now on. */
  renamed(uin: number, nickname: string): void;
  /** The account goes, and everything that was told with it. */
  forget(uin: number): void;
}

export function profilesOn(prepare: Statements): Profiles {
  const run = (sql: string, ...values: readonly (string | number | Uint8Array)[]): void => void prepare(sql).run(...values);

  /** The columns of an index cannot be changed one by one. */
  function indexWords(uin: number): void {
    const texts = prepare(TEXTS).all(uin) as unknown as readonly { readonly field: number; readonly text: string }[];
    const topics = prepare(TOPICS).all(uin) as unknown as readonly { readonly words: string }[];
    const column = (field: number): string => texts.flatMap((row) => (row.field === field ? [row.text] : [])).join(SEPARATOR);
    run(DROP_WORDS, uin);
    const words = [column(TextField.nickname), column(TextField.first), column(TextField.last), column(TextField.email)];
    run(ADD_WORDS, uin, ...words, topics.map((topic) => topic.words).join(SEPARATOR));
  }

  function addText(field: number, text: string, uin: number): void {
    if (text !== '') run(ADD_TEXT, field, text, uin);
  }

  function enter(uin: number, entry: DirectoryEntry): void {
    const [language1 = 0, language2 = 0, language3 = 0] = entry.languages;
    const { gender, country, occupation, born, age, webAware } = entry;
    run(NUMBERS, uin, gender, country, occupation, language1, language2, language3, born, age, Number(webAware));
    run(DROP_TEXT, uin);
    for (const [field, text] of Object.entries(entry.texts)) addText(TextField[field as keyof typeof entry.texts], text, uin);
    for (const address of entry.emails) addText(TextField.email, address, uin);
    run(DROP_TOPICS, uin);
    entry.topics.forEach(({ kind, category, words }, place) => run(ADD_TOPIC, TopicKind[kind], category, uin, place, words));
    indexWords(uin);
  }

  function forget(uin: number): void {
    run(DROP_TEXT, uin);
    run(DROP_TOPICS, uin);
    run(DROP_WORDS, uin);
    run('DELETE FROM directory WHERE uin = ?', uin);
    run('DELETE FROM profile WHERE uin = ?', uin);
  }

  return {
    operations: {
      'profiles.load': (uin) => (prepare(LOAD).get(uin) as { readonly data: string } | undefined)?.data,
      'profiles.save': ({ uin, nickname, data, entry }) => {
        if (prepare(ACCOUNT).get(uin) === undefined) return false;
        run(CALL, nickname, uin);
        run(SAVE, uin, data);
        enter(uin, entry);
        return true;
      },
    },
    renamed(uin, nickname) {
      run(ENTER, uin);
      run(DROP_FIELD, uin, TextField.nickname);
      addText(TextField.nickname, folded(nickname), uin);
      indexWords(uin);
    },
    forget,
  };
}

/** Lone surrogates, which a careless client can write, are escaped in it. */
export function profileColumn(profile: StoredProfile): string {
  return JSON.stringify(profile);
}

export function profileFrom(column: string): StoredProfile {
  return JSON.parse(column) as StoredProfile;
}
