/** What a script makes of its options. `--help` ends it with 0, wrong usage with 2. */
export function given<T>(usage: string, read: () => T): T {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage);
    return process.exit(0);
  }
  try {
    return read();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return process.exit(2);
  }
}
