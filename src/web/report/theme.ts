import { useEffect, useState } from "preact/hooks";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark: as the system is, until it is switched. */
export function useTheme(): { readonly isDark: boolean; readonly toggle: () => void } {
  const [chosen, choose] = useState<boolean | null>(null);
  const [system, setSystem] = useState(dark.matches);
  useEffect(() => {
    const follow = (): void => setSystem(dark.matches);
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, []);
  const isDark = chosen ?? system;
  // Before the next frame, since charts read the colours when they are drawn.
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  return { isDark, toggle: () => choose(!isDark) };
}
