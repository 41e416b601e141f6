import { useEffect, useState } from "preact/hooks";
import type { ListChanges } from "../data/list-changes.js";
import { applyChanges, type Known, NOTHING_KNOWN } from "./apply-changes.js";

export interface Followed extends Known {
  /** Whether the server tells what changes. */
  readonly isConnected: boolean;
}

/** The sessions, as the server tells of them. */
export function useSessions(): Followed {
  const [known, setKnown] = useState(NOTHING_KNOWN);
  const [isConnected, setConnected] = useState(true);
  useEffect(() => {
    let source: EventSource | null = null;
    const follow = (): void => {
      source?.close();
      source = null;
      // A browser has six connections to a server, and hidden pages would hold them all.
      if (document.visibilityState === "hidden") return;
      source = new EventSource("changes");
      source.onopen = () => setConnected(true);
      // The browser asks again by itself.
      source.onerror = () => setConnected(false);
      source.onmessage = ({ data }) => {
        // The page and the server are one program.
        const changes: ListChanges = JSON.parse(data);
        setKnown((before) => applyChanges(before, changes));
      };
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      source?.close();
    };
  }, []);
  return { ...known, isConnected };
}
