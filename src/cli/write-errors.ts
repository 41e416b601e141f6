import { describeDiskFailure } from "../files/disk-failure.js";
import { EXIT } from "./exit-codes.js";

/** What a process writes to; a test gives its own. */
interface Writing {
  readonly stdout: Pick<NodeJS.WriteStream, "on">;
  readonly stderr: Pick<NodeJS.WriteStream, "on" | "write">;
  exitCode?: NodeJS.Process["exitCode"];
}

/**
 * Takes care of what cannot be written to standard output or standard error: a run goes on all the same, since it must
 * not be left half recorded. Of results that are lost one line tells, and the exit code becomes {@link EXIT.usage} where
 * all else went well. A reader that has seen enough (`looptrace show … | head`) is no failure.
 *
 * @returns what an exit code is to be, seen what could not be written until now
 */
export function tellWriteErrors(own: Writing = process): (code: number) => number {
  let isLost = false;
  const exitCode = (code: number): number => (code === EXIT.ok && isLost ? EXIT.usage : code);
  own.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (isLost || error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") return;
    isLost = true;
    own.stderr.write(`looptrace: standard output cannot be written to: ${describeDiskFailure(error)}.\n`);
    own.exitCode = exitCode(Number(own.exitCode ?? EXIT.ok));
  });
  // There is nowhere left to say it.
  own.stderr.on("error", () => undefined);
  return exitCode;
}
