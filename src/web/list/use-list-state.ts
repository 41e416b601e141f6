import { useCallback, useEffect, useState } from "preact/hooks";
import { hashOf, type ListState, stateOf } from "./list-state.js";

/** Under which the list's last state is known in this tab, for the way back from a session's page. */
const LAST = "looptrace.list";
const BACK = "#back";

/**
 * How the list is looked at, which stands in the address. Two sessions side by side are a page of their own: the
 * browser's way back leads out of them.
 */
export function useListState(): readonly [
  state: ListState,
  set: (state: ListState) => void,
  compare: (ids: ListState["compared"]) => void,
] {
  const [state, setState] = useState(() => stateOf(location.hash === BACK ? lastHash() : location.hash));
  useEffect(() => {
    const hash = hashOf(state);
    history.replaceState(null, "", `#${hash}`);
    remember(hashOf({ ...state, compared: null }));
  }, [state]);
  useEffect(() => {
    const onPop = (): void => setState(stateOf(location.hash));
    globalThis.addEventListener("popstate", onPop);
    return () => globalThis.removeEventListener("popstate", onPop);
  }, []);
  const compare = useCallback((compared: ListState["compared"]) => {
    history.pushState(null, "", location.href);
    setState((before) => ({ ...before, compared }));
    globalThis.scrollTo(0, 0);
  }, []);
  return [state, setState, compare];
}

function lastHash(): string {
  try {
    return sessionStorage.getItem(LAST) ?? "";
  } catch {
    // A browser may be told to store nothing.
    return "";
  }
}

function remember(hash: string): void {
  try {
    sessionStorage.setItem(LAST, hash);
  } catch {}
}
