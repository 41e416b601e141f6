/** Records results until it is killed, and says of each that it is recorded: `record-and-die.ts <file> <tasks>`. */
import { openResults } from "../../src/batch/results.js";
import { resultOf, someTasks } from "../support/task-results.js";

const [path = "", count] = process.argv.slice(2);
const tasks = someTasks(Number(count));
const results = await openResults(path, tasks);
for (const task of tasks) {
  if (results.earlier.has(task.id)) continue;
  await results.append(resultOf(task, { text: "long ".repeat(20_000) }));
  process.stdout.write(`${task.id}\n`);
}
await results.close();
