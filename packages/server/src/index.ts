export { askServer } from './admin/control.ts';
export { restoreBackup } from './admin/backup.ts';
export { OperationFailed, type OperationInput, type OperationName, type OperationOutput, type ShownAccount, type ShownBan } from './admin/operations.ts';
export { CONFIG_KEYS, type Config, ConfigError, type ConfigKey, defaultDataDirectory, loadConfig, optionOf, variableOf } from './runtime/config.ts';
export { DataDirectoryError, dataFiles, existingDataDirectory, takeOwnership } from './runtime/data-directory.ts';
export { createLog, type Log } from './runtime/log.ts';
export { openService, operationsOf, type RunningServer, startServer, STOP_MS_MAX } from './runtime/serve.ts';
export { OSCAR_COUNTERS } from './oscar/counters.ts';
export { UDP_COUNTERS } from './udp/counters.ts';
