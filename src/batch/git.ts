import { execFile } from "node:child_process";
import { messageOf } from "../errors/thrown.js";
import { ofDirectory } from "../git/ask-git.js";
import { oneLine } from "../text/bounded-text.js";

const TIMEOUT_MS = 120_000;
const MOST_OUTPUT = 64 * 1024 * 1024;

/** What a repository's own settings must not decide here, and who commits. */
const SETTINGS = [
  ...["-c", "core.hooksPath=/dev/null"],
  ...["-c", "advice.detachedHead=false"],
  ...["-c", "user.name=looptrace"],
  ...["-c", "user.email=looptrace@localhost"],
  ...["-c", "commit.gpgSign=false"],
];

/**
 * Runs git in a directory, without the repository's hooks.
 *
 * @returns its output, without the line's end
 * @throws {Error} with what git itself says is wrong
 */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const how = { cwd, env: { ...ofDirectory(process.env), LC_ALL: "C" }, timeout: TIMEOUT_MS, maxBuffer: MOST_OUTPUT };
  return await new Promise((resolve, reject) => {
    execFile("git", [...SETTINGS, ...args], how, (error, stdout, stderr) => {
      if (!error) resolve(stdout.replace(/\n$/, ""));
      else reject(new Error(oneLine(stderr.replace(/^(?:fatal|error): /, "")) || oneLine(messageOf(error))));
    });
  });
}
