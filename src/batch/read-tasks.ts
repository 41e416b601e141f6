import { ConfigurationError } from "../errors/configuration-error.js";
import { messageOf } from "../errors/thrown.js";
import { readNamedFile } from "../files/own-files.js";
import { parseTasks } from "./parse-tasks.js";
import type { Task } from "./task.js";

/**
 * Reads a file of tasks, as `parseTasks` reads its text.
 *
 * @param name what the file is called in messages; default its path
 * @throws {ConfigurationError} when it cannot be read, is not UTF-8 text, or a line of it is no task
 */
export async function readTasks(path: string, name = path): Promise<readonly Task[]> {
  const bytes = await readNamedFile(path).catch((error: unknown) => {
    const why = messageOf(error);
    throw new ConfigurationError("tasks", `${name} cannot be read: ${why}`);
  });
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigurationError("tasks", `${name} is not UTF-8 text.`);
  }
  return parseTasks(text, name);
}
