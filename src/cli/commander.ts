import { createRequire } from "node:module";
import type * as Commander from "commander";

/**
 * commander, loaded as the CommonJS package that it is. Through its ESM wrapper Node reads it twice, once
 * only to find the names that it exports, and every `looptrace --help` waits for that.
 */
const commander: typeof Commander = createRequire(import.meta.url)("commander");

export const { Command, CommanderError, InvalidArgumentError, Option } = commander;
export type Command = Commander.Command;
export type Option = Commander.Option;
