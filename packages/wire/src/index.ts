export * from './errors.ts';
export { Reader, type Trace } from './reader.ts';
export * from './schema.ts';
export { Writer } from './writer.ts';
