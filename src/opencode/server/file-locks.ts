import { readFileSync } from "node:fs";
import { attempt } from "../../errors/thrown.js";

/** What SQLite locks as long as a database is open, by the bytes of its files: that it is open, and that of its log. */
const WHILE_OPEN: ReadonlySet<string> = new Set(["READ 1073741826 1073742335", "READ 128 128"]);

/**
 * Whether processes have locked more of SQLite's databases than having them open takes, so that others may have to wait
 * for them: they read, write, or put the log into the database.
 *
 * @param locks as Linux tells them, /proc/locks
 * @param isMeant whether a process, by its id, is one of them
 * @returns undefined where that cannot be told, since not even an open database is to be seen
 */
export function hasTransaction(locks: string, isMeant: (pid: number) => boolean): boolean | undefined {
  const held = locks.split("\n").flatMap((line) => {
    const waits = line.includes("->");
    const [, , , access, pid, , first, last] = line.replace("->", "").trim().split(/\s+/);
    return isMeant(Number(pid)) ? [waits ? "waits" : `${access} ${first} ${last}`] : [];
  });
  return held.length === 0 ? undefined : held.some((lock) => !WHILE_OPEN.has(lock));
}

/** The same of a group of processes at this moment; undefined on other systems than Linux. */
export function hasTransactionNow(group: number): boolean | undefined {
  const locks = attempt(() => readFileSync("/proc/locks", "latin1"));
  return locks === undefined ? undefined : hasTransaction(locks, (pid) => groupOf(pid) === group);
}

function groupOf(pid: number): number | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  // The name of the program may have blanks and parentheses in it; behind it are the state, the parent and the group.
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
}
