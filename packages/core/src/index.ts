export * from './commands.ts';
export * from './events.ts';
export * from './limits.ts';
export * from './ports.ts';
export * from './refusals.ts';
export * from './service.ts';
export * from './session.ts';
export * from './words.ts';
