export const ExitCode = { done: 0, failed: 1, usage: 2, cannotRunHere: 77 } as const;

/** Ends the command with a sentence on stderr. */
export class Failed extends Error {
  override readonly name = 'Failed';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = ExitCode.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}
