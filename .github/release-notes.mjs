// Prints what CHANGELOG.md says of a version; fails where it says nothing, or does not say when it was released.
import { readFile } from "node:fs/promises";

const [version = ""] = process.argv.slice(2);
const text = await readFile(new URL("../CHANGELOG.md", import.meta.url), "utf8");
const section = text.split(/^## /m).find((one) => one.startsWith(`[${version}]`));
const [head = "", ...lines] = section?.split("\n") ?? [];
const notes = lines
  .join("\n")
  .replace(/^\[[^\]]+\]: .*$/gm, "")
  .trim();
if (!/^\[[^\]]+\] - \d{4}-\d{2}-\d{2}$/.test(head) || notes === "") {
  console.error(`CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD" with something in it.`);
  process.exit(1);
}
console.log(notes);
