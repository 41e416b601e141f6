import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { nearest } from "../../text/nearest.js";
import { plainText } from "../../text/plain-text.js";
import { isModelName } from "../request/run-request.js";
import { type CommandOptions, readCommand } from "./read-command.js";

/**
 * The models that opencode can use as it is configured, as `provider/model`: of providers without a key it lists none.
 *
 * @param projectConfig whether opencode reads the project's own opencode.json, as for the run itself
 * @throws {OpenCodeCommandError} when opencode fails
 */
export async function listModels(options: CommandOptions, projectConfig: boolean): Promise<string[]> {
  const { OPENCODE_DISABLE_PROJECT_CONFIG: _, ...inherited } = options.environment;
  const environment = projectConfig ? inherited : { ...inherited, OPENCODE_DISABLE_PROJECT_CONFIG: "1" };
  const text = plainText(await readCommand(["models"], { ...options, environment }));
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(isModelName);
}

/**
 * The opencode.json of the project that a directory belongs to: the nearest one from there up to the repository's root,
 * outside of git up to the file system's.
 *
 * @param known a configuration that opencode reads anyway, `OPENCODE_CONFIG`
 */
export function projectConfigFile(directory: string, known?: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    const found = ["opencode.json", "opencode.jsonc"]
      .map((name) => join(folder, name))
      .find((path) => path !== known && existsSync(path));
    const isTop = existsSync(join(folder, ".git")) || folder === dirname(folder);
    if (found !== undefined || isTop) return found;
  }
}

const MOST_NAMES = 5;

/**
 * What opencode's list says about a model that it did not ask; a sentence for a person.
 *
 * @param wanted `provider/model`
 * @param listed as {@link listModels} finds them
 * @param unread a configuration of the project's that opencode did not read, and that may know the model
 */
export function modelNote(wanted: string, listed: readonly string[], unread?: string): string {
  const hint =
    unread === undefined ? "" : ` ${unread} was not read: projectConfig (--project-config) lets opencode read it.`;
  return `${whatIsListed(wanted, listed)}${hint}`;
}

function whatIsListed(wanted: string, listed: readonly string[]): string {
  if (listed.includes(wanted)) {
    return `opencode does list the model ${wanted}, so something else was in its way; its log may say what.`;
  }
  const provider = providerOf(wanted);
  const siblings = listed.filter((model) => providerOf(model) === provider);
  if (siblings.length > 0) {
    const meant = nearest(wanted, siblings);
    const others = nearestFirst(wanted, siblings).filter((model) => model !== meant);
    const rest =
      others.length > 0 ? ` Of ${provider} it ${meant === undefined ? "" : "also "}lists: ${some(others)}.` : "";
    return `opencode lists no model ${wanted}.${didYouMean(meant)}${rest}`;
  }
  const providers = [...new Set(listed.map(providerOf))];
  const others = providers.length === 0 ? "" : ` It lists models of: ${some(providers)}.`;
  const meant = nearest(wanted, listed) ?? nearest(provider, providers);
  return `opencode lists no model of a provider ${provider}: that name is wrong, or the provider's key is not set.${didYouMean(meant)}${others}`;
}

function didYouMean(name: string | undefined): string {
  return name === undefined ? "" : ` Did you mean ${name}?`;
}

function providerOf(model: string): string {
  return model.slice(0, model.indexOf("/"));
}

/** Most slips are at a name's end: a version, a date, a size. */
function nearestFirst(wanted: string, models: readonly string[]): readonly string[] {
  return [...models].sort((a, b) => sameStart(wanted, b) - sameStart(wanted, a));
}

function sameStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function some(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
