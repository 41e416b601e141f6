import { useState } from "preact/hooks";
import { useMedia } from "./use-media.js";

/** Whether the page is dark: as the system is, until it is switched. */
export function useTheme(): { readonly isDark: boolean; readonly toggle: () => void } {
  const [chosen, choose] = useState<boolean | null>(null);
  const system = useMedia("(prefers-color-scheme: dark)");
  const isDark = chosen ?? system;
  // Before the next frame, since charts read the colours when they are drawn.
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  return { isDark, toggle: () => choose(!isDark) };
}
