import { type ChildProcess, spawn } from "node:child_process";
import { RUN_ID_VARIABLE } from "./child-environment.js";
import { RELEASE_FILE } from "./run-folder-owner.js";

/** A function for `sh`: the processes that carry a mark in their environment; `VARIABLE` is what that is called. */
export const MARKED = `marked() {
  if [ -r /proc/self/environ ]; then
    set +f
    grep -lsF -e "$1" /proc/[0-9]*/environ | while read -r file; do
      file=\${file#/proc/}
      echo "\${file%/environ}"
    done
  else
    ps -axEww -o pid=,command= | grep -F -e "$VARIABLE=" | grep -F -e "$1" | while read -r line; do
      line=\${line#"\${line%%[! ]*}"}
      echo "\${line%% *}"
    done
  fi
}`;

/**
 * A function for `sh`: ends what `find_left` puts into `pids`, TERM first, and looks again until so many looks in a row
 * (the second argument) have found nothing, or the first argument's number of looks is over.
 */
export const END_ALL = `end_all() {
  round=0
  quiet=0
  while [ $round -lt $1 ] && [ $quiet -lt $2 ]; do
    find_left
    if [ -z "$pids" ]; then
      quiet=$((quiet + 1))
    else
      quiet=0
      if [ $round -eq 0 ]; then kill -s TERM $pids; elif [ $round -ge 10 ]; then kill -s KILL $pids; fi
    fi
    round=$((round + 1))
    sleep 0.1 || sleep 1
  done
}`;

/**
 * Waits until its standard input ends, which is when looptrace is gone, however that came. Each line of it is a run's
 * id and its folder; one whose folder is not there any more has ended in order.
 *
 * Of the others it ends the processes that carry the run's id, as `endProcesses` does, looks until there are none for
 * 300 ms, since one may just have been starting, and removes the folder. What the folder has to be done before is done
 * first. In sh, which needs 1 MB where Node would need 40, and nothing of looptrace's own that could be gone by then.
 */
const SCRIPT = `
nl='
'
IFS=$nl
set -f
jobs=
while read -r job; do
  open=
  for one in $jobs; do [ -d "\${one#* }" ] && open="$open$one$nl"; done
  jobs="$open$job$nl"
done
${MARKED}
find_left() { pids=$(marked "$mark"); }
${END_ALL}
finish() {
  [ -f "$2/${RELEASE_FILE}" ] && sh "$2/${RELEASE_FILE}"
  mark=$1
  end_all 100 4
  rm -rf -- "$2" || { sleep 1; rm -rf -- "$2"; }
}
for job in $jobs; do
  folder=\${job#* }
  [ -d "$folder" ] && [ ! -h "$folder" ] || continue
  finish "\${job%% *}" "$folder" &
done
wait
`;

/** The system's own programs first: a project's `node_modules/.bin` may have others of these names. */
const SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin";

let watchdog: ChildProcess | undefined;
/** The folders of runs that are not over, by their ids. */
const guarded = new Map<string, string>();

/**
 * Has a run ended, with all that it started, and its folder removed, when this process is killed in a way that it
 * cannot notice (`kill -9`, out of memory). One small helper process does so for all runs of this process, and ends
 * with the last of them.
 *
 * Where there is no `sh` (Windows) there is none; what is left then goes with the next run.
 *
 * @param runId what marks the run's processes
 * @param folder the run's own; that it is gone says that the run has ended in order
 * @returns to be called when it is
 */
export function guard(runId: string, folder: string): () => void {
  if (process.platform === "win32" || folder.includes("\n")) return () => undefined;
  guarded.set(runId, folder);
  const jobs = watchdog ? [[runId, folder]] : guarded;
  watchdog ??= startWatchdog();
  // A new one in the place of one that was killed hears of all.
  for (const [id, path] of jobs) watchdog?.stdin?.write(`${id} ${path}\n`);
  return () => {
    guarded.delete(runId);
    if (guarded.size === 0) dismiss();
  };
}

/** Waited for, which holds this process up for a moment: in a container nothing may reap what outlives its parent. */
function dismiss(): void {
  const child = watchdog;
  watchdog = undefined;
  child?.ref();
  child?.stdin?.end();
}

/**
 * The environment of a shell that outlives a run: no keys, and nothing by which it could be taken for a part of the run.
 */
export function shellEnvironment(): Record<string, string> {
  const outer = process.env[RUN_ID_VARIABLE];
  return {
    PATH: `${SYSTEM_PATH}:${process.env.PATH ?? ""}`,
    VARIABLE: RUN_ID_VARIABLE,
    ...(outer === undefined ? {} : { [RUN_ID_VARIABLE]: outer }),
  };
}

/**
 * Starts one that nothing is told yet; this process need not wait for it.
 *
 * @returns undefined where there is no `sh`
 */
export function startWatchdog(): ChildProcess | undefined {
  let child: ChildProcess;
  try {
    child = spawn("/bin/sh", ["-c", SCRIPT], {
      cwd: "/",
      env: shellEnvironment(),
      stdio: ["pipe", "ignore", "ignore"],
      // A session of its own: neither Ctrl-C nor a terminal that is closed, nor a kill of looptrace's group, reaches
      // it.
      detached: true,
    });
  } catch {
    return undefined;
  }
  const forget = (): void => {
    if (watchdog === child) watchdog = undefined;
  };
  child.on("error", forget);
  child.on("exit", forget);
  child.stdin?.on("error", forget);
  // It waits for this process, and not the other way round.
  child.unref();
  if (child.stdin && "unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  return child;
}
