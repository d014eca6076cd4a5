/** The page a browser sees at the server's own address: what this is, and how to come in. Plain HTML, no scripts. */
import { createHash } from 'node:crypto';

export interface PageFacts {
  /** `host:port` for whoever asks; absent when there is none to tell. */
  readonly address: string | undefined;
  /** For the programs of 1996 to 1999; absent: they are not let in. */
  readonly udpPort: number | undefined;
  readonly fingerprint: string;
  readonly registration: boolean;
  /** What programs without encryption may sign on with; `none`: there are no old clients, encrypted or not. */
  readonly clear: 'none' | 'off' | 'challenge' | 'all';
  /** For old clients that come through a tunnel on their own machine: our port, and theirs there. Absent: there is none. */
  readonly tunnel: { readonly ours: number; readonly theirs: number } | undefined;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2420; --quiet: #5b6660; --paper: #fbfaf6; --card: #fff; --line: #dfe3dc; --leaf: #2f7d4f; --petal: #8fce6a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebe6; --quiet: #9aa69f; --paper: #141815; --card: #1c221e; --line: #2f3832; --leaf: #7fcf9a; --petal: #4f8f58; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 3.5rem 1.25rem 4rem; }
header { display: flex; gap: 1.1rem; align-items: center; margin-bottom: 1.5rem; }
header svg { width: 3.5rem; height: 3.5rem; flex: none; fill: var(--petal); }
header circle { fill: #f4c542; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; letter-spacing: -0.01em; }
header p { margin: 0.15rem 0 0; color: var(--quiet); }
h2 { font-size: 1.1rem; margin: 0 0 0.35rem; color: var(--leaf); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 0.7rem; padding: 1.1rem 1.3rem; margin: 1rem 0; }
section p { margin: 0.4rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; margin: 0.6rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: 0.92em/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { background: var(--paper); border: 1px solid var(--line); border-radius: 0.45rem; padding: 0.6rem 0.8rem; margin: 0.6rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.quiet, footer { color: var(--quiet); font-size: 0.93rem; }
@media (max-width: 32rem) { main { padding-top: 1.75rem; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.5rem; } }
`;

/** Nothing but this style: no script, picture, frame or form of anybody's. */
export const CONTENT_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const FLOWER =
  '<svg viewBox="0 0 100 100" aria-hidden="true">' +
  [0, 45, 90, 135, 180, 225, 270, 315].map((angle) => `<ellipse cx="50" cy="24" rx="13" ry="22" transform="rotate(${angle} 50 50)"/>`).join('') +
  '<circle cx="50" cy="50" r="13"/></svg>';

export function renderPage(facts: PageFacts): string {
  const { host, port } = split(facts.address);
  return document(
    'An ICQ server of our own',
    [
      `<header>${FLOWER}<div><h1>seekyou</h1><p>A messaging server for ICQ clients of every generation</p></div></header>`,
      '<p>People sign on here with the programs they already have, from 1996 or from today, and write to each other. ',
      'You need a number, the UIN, and a password. ',
      facts.registration ? `${whoRegisters(facts)} can ask for a new number; so can ` : 'New numbers are given by the administrator: ask ',
      facts.registration ? 'the administrator of this server for you.</p>' : 'whoever told you about this server.</p>',
      section(
        'The seekyou client',
        '<p>Encrypted, and your password never leaves your machine. It asks about the key below at the first connection.</p>',
        `<pre>npx seekyou client --server ${host}:${port} --uin UIN --pin ${escape(facts.fingerprint)}</pre>`,
      ),
      oldClients(facts, host, port),
      facts.udpPort === undefined ? '' : oldestClients(host, facts.udpPort),
      section(
        'The key of this server',
        '<p>Compare it when a program asks whether this is the right server. It stays the same when the certificate is renewed.</p>',
        `<pre>${escape(facts.fingerprint)}</pre>`,
        '<p class="quiet">This page came from the server itself. If it did not come encrypted, somebody on the way could have changed it: ask for the key another way, too.</p>',
      ),
      section(
        'For people who write programs',
        list([
          ['OSCAR, TLS, HTTP', `all on port ${port}; the first bytes decide. ALPN <code>icq</code> or none for OSCAR inside TLS`],
          ['WebSocket', `<code>/oscar</code> on the same port: OSCAR in binary messages`],
        ]),
      ),
      '<footer><p>No scripts, no cookies, no tracking on this page.</p></footer>',
    ].join('\n'),
  );
}

function whoRegisters({ clear }: PageFacts): string {
  return clear === 'none' || clear === 'off' ? 'The seekyou client, with <code>--register</code>,' : 'Most programs';
}

function oldClients({ clear, tunnel }: PageFacts, host: string, port: string): string {
  if (clear === 'none') return '';
  if (clear === 'off') return encryptedOldClients(tunnel, host);
  return section(
    'ICQ 2000 and later, Miranda, QIP, Pidgin, climm and others',
    list([
      ['Server', `<code>${host}</code>`],
      ['Port', `<code>${port}</code>`],
      ['Sign-on', clear === 'all' ? 'secure (MD5) where the program offers it' : 'secure (MD5); plain sign-on is refused here'],
      ['SSL', 'off, unless the program can do TLS on this port'],
    ]),
    '<p class="quiet">What these programs send can be read on the way. Use a password you use nowhere else, of at most eight characters.</p>',
  );
}

/** A tunnel that takes anybody's key hides nothing, and one to a port where clients are told another address is left after sign-on. */
function encryptedOldClients(tunnel: PageFacts['tunnel'], host: string): string {
  const heading = 'ICQ, Miranda, QIP, Pidgin and others';
  const encrypts = 'This server only talks to programs that encrypt. Older ones need a tunnel on your machine';
  if (tunnel === undefined) return section(heading, `<p>${encrypts}, and this server has no port for such tunnels: its administrator can open one.</p>`);
  const { ours, theirs } = tunnel;
  return section(
    heading,
    `<p>${encrypts}, such as stunnel with</p>`,
    `<pre>[icq]\nclient = yes\naccept = 127.0.0.1:${theirs}\nconnect = ${host}:${ours}\nCAfile = tls.crt\nverifyPeer = yes</pre>`,
    `<p><code>tls.crt</code> is the certificate of this server: ask its administrator for it. Then give them the server <code>127.0.0.1</code>, port <code>${theirs}</code>.</p>`,
  );
}

function oldestClients(host: string, port: number): string {
  return section(
    'ICQ 96 to 99',
    list([
      ['Server', `<code>${host}</code>`],
      ['Port', `<code>${port}</code> (UDP)`],
    ]),
    '<p class="quiet">The same accounts and the same contacts. These programs scramble rather than encrypt.</p>',
  );
}

export function renderProblem(status: number, sentence: string): string {
  return document(
    String(status),
    `<header>${FLOWER}<div><h1>${status}</h1><p>${escape(sentence)}</p></div></header><p><a href="/">To the page of this server</a></p>`,
  );
}

function document(title: string, body: string): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>seekyou · ${escape(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    `<body><main>\n${body}\n</main></body>`,
    '</html>',
    '',
  ].join('\n');
}

function section(title: string, ...inside: readonly string[]): string {
  return `<section><h2>${escape(title)}</h2>\n${inside.join('\n')}</section>`;
}

/** @param rows values are HTML */
function list(rows: readonly (readonly [name: string, value: string])[]): string {
  return `<dl>${rows.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${value}</dd>`).join('')}</dl>`;
}

/** Both ready for HTML. Without an address to tell, the reader knows best how he came here. */
function split(address: string | undefined): { readonly host: string; readonly port: string } {
  const match = address === undefined ? null : /^(.*):(\d+)$/.exec(address);
  return { host: escape(match?.[1] ?? 'HOST'), port: escape(match?.[2] ?? 'PORT') };
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
