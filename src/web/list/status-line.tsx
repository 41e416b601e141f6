import { count, plural } from "../../text/format.js";
import type { Followed } from "./use-sessions.js";

interface StatusLineProps {
  readonly followed: Followed;
  /** How many pass the filters. */
  readonly shown: number;
}

/** How many there are, and whether more will come. */
export function StatusLine({ followed: { sessions, pending, isConnected }, shown }: StatusLineProps) {
  const all = plural(sessions.size, "session");
  const texts = [
    pending === null && sessions.size === 0 ? "" : shown === sessions.size ? all : `${count(shown)} of ${all}`,
    pending === null || pending > 0 ? `reading ${pending === null ? "" : `${count(pending)} more`}…` : "",
    pending === 0 && sessions.size === 0
      ? "Nothing is kept yet: looptrace run and looptrace trace keep what they see, and it appears here."
      : "",
  ];
  return (
    <p class="status">
      <output>{texts.filter(Boolean).join(", ")}</output>
      {!isConnected && <span class="failure">looptrace view has ended: this is what it showed last.</span>}
    </p>
  );
}
