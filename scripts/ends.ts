/**
 * Loaded into every process that runs a file of tests: one that is still there long after it should have ended says what keeps
 * it, and fails. Node's runner would wait for ever where a test that failed left a socket open.
 */

/** Whole files take seconds; the slowest two minutes on a busy machine. */
const PATIENCE_MS = 4 * 60_000;

setTimeout(() => {
  process.stderr.write(`${process.argv[1]}: not over after ${PATIENCE_MS / 1000} s; open: ${process.getActiveResourcesInfo().join(', ')}\n`);
  process.exit(1);
}, PATIENCE_MS).unref();
