import { useEffect, useState } from "preact/hooks";

const print = matchMedia("print");

/** Whether the page is being printed, when nothing can be scrolled and all rows have to be there. */
export function usePrinting(): boolean {
  const [printing, setPrinting] = useState(print.matches);
  useEffect(() => {
    const follow = (): void => setPrinting(print.matches);
    print.addEventListener("change", follow);
    return () => print.removeEventListener("change", follow);
  }, []);
  return printing;
}
