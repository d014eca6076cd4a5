/** The configuration's keys as command-line options. */
import { CONFIG_KEYS, type Config, ConfigError, type ConfigKey, loadConfig, optionOf } from '@seekyou/server';
import { type Command, Option } from 'commander';
import { ExitCode, Failed } from './exit.ts';

export function addConfigOptions(command: Command, keys: readonly ConfigKey[] = CONFIG_KEYS): Command {
  command.option('--config <file>', 'read settings from this file');
  for (const key of keys) {
    const option = new Option(`${optionOf(key)} <${key.list ? 'value...' : 'value'}>`, `${key.about}; ${key.allowed}`);
    command.addOption(key.detail === true ? option.hideHelp() : option);
  }
  return command;
}

/** `options` as commander collected them. @throws Failed with exit code 2 */
export function configFrom(options: Readonly<Record<string, unknown>>): Config {
  const camel = (key: ConfigKey): string => key.name.replaceAll(/[._](\w)/g, (_, letter: string) => letter.toUpperCase());
  const given = Object.fromEntries(CONFIG_KEYS.flatMap((key) => (options[camel(key)] === undefined ? [] : [[key.name, options[camel(key)]]])));
  try {
    return loadConfig({ options: given, environment: process.env, ...(typeof options['config'] === 'string' ? { file: options['config'] } : {}) });
  } catch (error) {
    if (error instanceof ConfigError) throw new Failed(error.message, ExitCode.usage);
    throw error;
  }
}
