import { ConfigurationError } from "../errors/configuration-error.js";
import { messageOf } from "../errors/thrown.js";
import { readNamedFile } from "../files/own-files.js";
import { decodeText } from "../text/decode-text.js";
import { parseTasks } from "./parse-tasks.js";
import type { Task } from "./task.js";

/**
 * Reads a file of tasks, as `parseTasks` reads its text.
 *
 * @param name what the file is called in messages; default its path
 * @throws {ConfigurationError} when it cannot be read, is no text in UTF-8 or UTF-16, or a line of it is no task
 */
export async function readTasks(path: string, name = path): Promise<readonly Task[]> {
  const bytes = await readNamedFile(path).catch((error: unknown) => {
    const why = messageOf(error);
    throw new ConfigurationError("tasks", `${name} cannot be read: ${why}`);
  });
  let text: string;
  try {
    text = decodeText(bytes, { fatal: true });
  } catch {
    throw new ConfigurationError("tasks", `${name} is no text in UTF-8 or UTF-16: save it as UTF-8.`);
  }
  return parseTasks(text, name);
}
