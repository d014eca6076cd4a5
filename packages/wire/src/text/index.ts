/** Text as old and new clients write it. */
export * from './codepages.ts';
export * from './countries.ts';
export * from './fragments.ts';
export * from './html.ts';
export * from './split.ts';
