import { useLayoutEffect, useState } from "preact/hooks";

/** Whether all of the page is there: of a long report the rows are drawn while their details still come in. */
export function useLoaded(): boolean {
  const [isLoaded, setLoaded] = useState(() => document.readyState !== "loading");
  useLayoutEffect(() => {
    const tell = (): void => setLoaded(true);
    if (document.readyState !== "loading") tell();
    document.addEventListener("DOMContentLoaded", tell);
    return () => document.removeEventListener("DOMContentLoaded", tell);
  }, []);
  return isLoaded;
}
