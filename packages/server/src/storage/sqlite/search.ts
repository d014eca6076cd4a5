/**
 * Searching the directory. Each condition is two things: a stream of accounts that fulfil it, and a question about one
 * account. The one that promises the fewest accounts becomes the stream, the others ask.
 */
import { type DirectoryQuery, type SearchPattern, UIN_MAX } from '@seekyou/core';
import type { Statements } from './dialect.ts';
import type { FoundRow, Implementation } from './protocol.ts';
import { TextField, TopicKind } from './profiles.ts';

type Value = string | number;

interface Condition {
  /** The lower, the fewer accounts it is likely to leave. */
  readonly rank: number;
  /** A SELECT of `uin`, bounded. */
  readonly stream: Sql;
  /** About `c.uin`. */
  readonly question: Sql;
}

interface Sql {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** Accounts of a stream that are asked the other questions: 10,000 take some 25 ms. */
const CANDIDATES_MAX = 10_000;
/** Rows that are read one after the other when nothing can be looked up: some 20 ms. */
const SCANNED_MAX = 250_000;
/** The same of topics, whose rows are wider. */
const TOPICS_SCANNED_MAX = 60_000;
/** Characters of a piece of text the index knows. */
const PIECE_MIN = 3;

const sql = (text: string, ...values: readonly Value[]): Sql => ({ sql: text, values });

export function directoryOn(prepare: Statements): Pick<Implementation<'reader'>, 'directory.search'> {
  return {
    'directory.search': ({ query, limit }) => {
      const { sql: text, values } = searchSql(query, limit);
      const rows = prepare(text).all(...values) as unknown as FoundRow[];
      return rows.sort((a, b) => a.uin - b.uin);
    },
  };
}

/** The whole statement. */
export function searchSql(query: DirectoryQuery, limit: number): Sql {
  const [first, ...others] = conditionsOf(query).sort((a, b) => a.rank - b.rank);
  const numbers = numbersOf(query);
  const stream = first?.stream ?? numbersStream(numbers);
  const questions = first === undefined ? [] : [...others.map(({ question }) => question), ...numbers];
  // Who has told nothing stands in no table of the directory, and is found by number.
  const directory = first === undefined || numbers.length === 0 ? '' : 'CROSS JOIN directory d ON d.uin = c.uin';
  const where = questions.map((question) => ` AND ${question.sql}`).join('');
  return sql(
    `SELECT a.uin, a.nickname, a.authorisation_required, p.data
     FROM (${stream.sql}) c ${directory} CROSS JOIN account a ON a.uin = c.uin LEFT JOIN profile p ON p.uin = c.uin
     WHERE a.state = 'active'${where} LIMIT ?`,
    ...stream.values,
    ...questions.flatMap(({ values }) => values),
    limit,
  );
}

function conditionsOf(query: DirectoryQuery): Condition[] {
  const { uin, texts, topics, keywords, among } = query;
  return [
    ...(uin === undefined ? [] : [{ rank: 0, stream: sql('SELECT ? AS uin', uin), question: sql('c.uin = ?', uin) }]),
    ...texts.map(({ field, pattern }) => textCondition(TextField[field], field, pattern)),
    ...topics.map(({ kind, category, words }) => topicCondition(TopicKind[kind], category, words)),
    ...(keywords === '' ? [] : [topicCondition(undefined, 0, keywords)]),
    ...(among === undefined ? [] : [amongCondition(among)]),
  ];
}

// ---------------------------------------------------------------- texts

/** Addresses are one person's, names of a few, cities of many. */
const EXACT_RANK: Partial<Record<keyof typeof TextField, number>> = { email: 1, last: 2, nickname: 2, first: 3 };

function textCondition(field: number, name: keyof typeof TextField, pattern: SearchPattern): Condition {
  if (!pattern.wild) {
    return {
      rank: EXACT_RANK[name] ?? 4,
      stream: sql(`SELECT uin FROM directory_text WHERE field = ? AND text = ? LIMIT ${CANDIDATES_MAX}`, field, pattern.text),
      question: sql('EXISTS (SELECT 1 FROM directory_text WHERE field = ? AND text = ? AND uin = c.uin)', field, pattern.text),
    };
  }
  const glob = globOf(pattern.text);
  return {
    ...patternStream(field, name, pattern.text, glob),
    question: sql('EXISTS (SELECT 1 FROM directory_text WHERE uin = c.uin AND field = ? AND text GLOB ?)', field, glob),
  };
}

/** By how it begins, by pieces of it that are long enough, or by reading them all. */
function patternStream(field: number, name: string, pattern: string, glob: string): Pick<Condition, 'rank' | 'stream'> {
  const beginning = pattern.slice(0, pattern.indexOf('*'));
  if (beginning !== '') {
    const range = 'field = ? AND text >= ? AND text < ?';
    const rows = `SELECT uin, text FROM directory_text WHERE ${range} LIMIT ${SCANNED_MAX}`;
    const stream = sql(`SELECT DISTINCT uin FROM (${rows}) WHERE text GLOB ? LIMIT ${CANDIDATES_MAX}`, field, beginning, `${beginning}\u{10ffff}`, glob);
    return { rank: 5, stream };
  }
  const pieces = INDEXED.has(name) ? pattern.split('*').filter((piece) => Array.from(piece).length >= PIECE_MIN) : [];
  if (pieces.length > 0) return { rank: 6, stream: wordsStream(name, pieces, [field, glob]) };
  const rows = `SELECT uin, text FROM directory_text WHERE field = ? LIMIT ${SCANNED_MAX}`;
  return { rank: 9, stream: sql(`SELECT DISTINCT uin FROM (${rows}) WHERE text GLOB ? LIMIT ${CANDIDATES_MAX}`, field, glob) };
}

const INDEXED: ReadonlySet<string> = new Set(['nickname', 'first', 'last', 'email']);

function wordsStream(column: string, pieces: readonly string[], text?: readonly [field: number, glob: string]): Sql {
  const match = pieces.map((piece) => `${column} : "${piece.replaceAll('"', '""')}"`).join(' AND ');
  const candidates = `SELECT rowid AS uin FROM directory_words WHERE directory_words MATCH ? LIMIT ${CANDIDATES_MAX}`;
  if (text === undefined) return sql(candidates, match);
  return sql(
    `SELECT w.uin FROM (${candidates}) w WHERE EXISTS (SELECT 1 FROM directory_text t WHERE t.uin = w.uin AND t.field = ? AND t.text GLOB ?)`,
    match,
    ...text,
  );
}

/** Everything but `*` stands for itself. */
function globOf(pattern: string): string {
  return pattern.replaceAll(/[[?]/g, '[$&]');
}

// ---------------------------------------------------------------- the rest

function topicCondition(kind: number | undefined, category: number, words: string): Condition {
  const wanted: Sql[] = [
    ...(kind === undefined ? [] : [sql('kind = ?', kind)]),
    ...(category === 0 ? [] : [sql('category = ?', category)]),
    ...(words === '' ? [] : [sql('instr(words, ?) > 0', words)]),
  ];
  const where = wanted.map((one) => one.sql).join(' AND ');
  const values = wanted.flatMap((one) => one.values);
  const question = sql(`EXISTS (SELECT 1 FROM directory_topic WHERE uin = c.uin AND ${where})`, ...values);
  if (Array.from(words).length >= PIECE_MIN) {
    const stream = wordsStream('topics', [words]);
    // The words may stand in a topic of another kind.
    return { rank: 6, stream: sql(`SELECT uin FROM (${stream.sql}) c WHERE ${question.sql}`, ...stream.values, ...question.values), question };
  }
  const rows = category === 0 ? sql(`SELECT uin, kind, category, words FROM directory_topic LIMIT ${TOPICS_SCANNED_MAX}`) : undefined;
  const from = rows === undefined ? 'directory_topic' : `(${rows.sql})`;
  const stream = sql(`SELECT DISTINCT uin FROM ${from} WHERE ${where} LIMIT ${CANDIDATES_MAX}`, ...values);
  return { rank: category === 0 ? 9 : 7, stream, question };
}

function amongCondition({ uins, webAware }: NonNullable<DirectoryQuery['among']>): Condition {
  const [all, some] = [JSON.stringify(uins), JSON.stringify(webAware)];
  const isWebAware = (table: string): string => `EXISTS (SELECT 1 FROM directory WHERE uin = ${table} AND web_aware = 1)`;
  return {
    rank: 8,
    stream: sql(`SELECT value AS uin FROM json_each(?) UNION SELECT value FROM json_each(?) WHERE ${isWebAware('value')}`, all, some),
    question: sql(`(c.uin IN (SELECT value FROM json_each(?)) OR (c.uin IN (SELECT value FROM json_each(?)) AND ${isWebAware('c.uin')}))`, all, some),
  };
}

/** All of the narrow table, when there is nothing else to begin with. */
function numbersStream(numbers: readonly Sql[]): Sql {
  // A bound by number costs half of what a LIMIT does, which would copy each row.
  const end = `COALESCE((SELECT uin FROM directory ORDER BY uin LIMIT 1 OFFSET ${SCANNED_MAX}), ${UIN_MAX + 1})`;
  const where = [`d.uin < ${end}`, ...numbers.map((one) => one.sql)].join(' AND ');
  return sql(`SELECT d.uin FROM directory d WHERE ${where}`, ...numbers.flatMap(({ values }) => values));
}

/** Questions about the narrow table `d`. */
function numbersOf({ ages, gender, language, country, occupation }: DirectoryQuery): Sql[] {
  return [
    ...(gender === 0 ? [] : [sql('d.gender = ?', gender)]),
    ...(country === 0 ? [] : [sql('d.country = ?', country)]),
    ...(occupation === 0 ? [] : [sql('d.occupation = ?', occupation)]),
    ...(language === 0 ? [] : [sql('? IN (d.language1, d.language2, d.language3)', language)]),
    ...(ages === undefined
      ? []
      : [sql('((d.born >= 10000 AND d.born BETWEEN ? AND ?) OR (d.born < 10000 AND d.age BETWEEN ? AND ?))', ages.bornFrom, ages.bornTo, ages.from, ages.to)]),
  ];
}
