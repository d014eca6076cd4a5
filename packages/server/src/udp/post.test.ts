import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Post, type Written } from './post.ts';
import type { UdpEffect } from './state.ts';

const NOTHING: readonly UdpEffect[] = [];

/** Notes what is written; what is named in `slow` is posted only when the test says so. */
function setUp(room = Number.POSITIVE_INFINITY): {
  readonly post: Post;
  readonly host: { room: number };
  readonly written: string[];
  readonly say: (name: string, isLive?: boolean) => void;
  readonly slow: Set<string>;
} {
  const written: string[] = [];
  const slow = new Set<string>();
  const host = {
    room,
    get hasRoom(): boolean {
      return this.room > 0;
    },
    carryOut(made: Written): void {
      this.room--;
      made();
      if (!slow.has(written.at(-1) as string)) post.posted();
    },
  };
  const post = new Post(host);
  const say = (name: string, isLive = true): void => {
    post.add(() => {
      written.push(name);
      return NOTHING;
    }, isLive);
  };
  return { post, host, written, say, slow };
}

test('one thing after the other, as far as there is room', () => {
  const { post, host, written, say } = setUp(2);
  for (const name of 'abcd') say(name);
  post.go();
  assert.deepEqual(written, ['a', 'b']);
  host.room = 1;
  post.go();
  assert.deepEqual(written, ['a', 'b', 'c']);
});

test('nothing overtakes what takes its time', () => {
  const { post, written, say, slow } = setUp();
  slow.add('b');
  for (const name of 'abc') say(name);
  post.go();
  say('d');
  post.go();
  assert.deepEqual(written, ['a', 'b']);
  post.posted();
  assert.deepEqual(written, ['a', 'b', 'c', 'd']);
});

test('what came unasked is counted while it waits', () => {
  const { post, host, say } = setUp(0);
  say('fetched', false);
  say('live');
  assert.equal(post.liveWaiting, 1);
  host.room = 2;
  post.go();
  assert.equal(post.liveWaiting, 0);
});

test('ten thousand things that make no packet are done one after the other, not inside each other', () => {
  const { post, written, say } = setUp();
  for (let i = 0; i < 10_000; i++) say(String(i));
  post.go();
  assert.equal(written.length, 10_000);
});
