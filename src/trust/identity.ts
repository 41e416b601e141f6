import { readFileSync, statSync } from "node:fs";
import { attempt } from "../errors/thrown.js";

/** Whose files are as good as one's own. */
export interface Identity {
  /** The user, and root, who can do anything anyway. */
  readonly uids: ReadonlySet<number>;
  /** Who may own a folder on the way to a file beside them: the owner of `/`, which is not root in a user namespace. */
  readonly rootUid: number;
  /** Whether a group that may write has no other member. */
  readonly isOwnGroup: (gid: number) => boolean;
}

/**
 * Who this process works for. As git has it, a root that `sudo` made of a user trusts that user too.
 *
 * @returns undefined on Windows, where a file's owner is not to be had
 */
export function currentIdentity(env: Readonly<Record<string, string | undefined>>): Identity | undefined {
  const uid = process.geteuid?.();
  if (uid === undefined) return undefined;
  const uids = new Set([0, uid]);
  if (uid === 0 && /^\d+$/.test(env.SUDO_UID ?? "")) uids.add(Number(env.SUDO_UID));
  return {
    uids,
    // Few ask for it, and every look at a file of looptrace's own comes by here.
    get rootUid() {
      return statSync("/").uid;
    },
    isOwnGroup: (gid) => isOwnGroup(gid, uids),
  };
}

/** The groups of administrators on a Mac, who may do what root does. */
const MAC_ADMINS = 80;

/**
 * Whether a group is root's, or has no member but the user, as the groups that many systems make for each user: there
 * files are writable by "others" that do not exist. A group that cannot be looked up may have any members, unless it
 * has the user's number: so do those that a directory service makes for each user, and those of a container without
 * accounts.
 */
function isOwnGroup(gid: number, uids: ReadonlySet<number>): boolean {
  if (gid === 0 || (process.platform === "darwin" && gid === MAC_ADMINS)) return true;
  const group = linesOf("/etc/group").find(([, , id]) => Number(id) === gid);
  if (group === undefined) return uids.has(gid);
  const users = linesOf("/etc/passwd");
  const own = new Set(users.flatMap(([name = "", , uid]) => (uids.has(Number(uid)) ? [name] : [])));
  const members = (group[3] ?? "").split(",").filter(Boolean);
  const primary = users.flatMap(([name = "", , , id]) => (Number(id) === gid ? [name] : []));
  return [...members, ...primary].every((name) => own.has(name));
}

function linesOf(path: string): readonly (readonly string[])[] {
  const lines = attempt(() => readFileSync(path, "utf8"))?.split("\n") ?? [];
  return lines.map((line) => line.split(":"));
}
