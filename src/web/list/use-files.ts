import { useCallback, useEffect, useState } from "preact/hooks";

export interface OpenedByHand {
  /** Whether files are held over the page. */
  readonly isOver: boolean;
  /** Why files were not opened; empty where they were. */
  readonly problem: string;
  readonly open: (files: readonly File[]) => void;
}

/** Shows files of sessions: dropped on the page, or chosen. The server makes a report of them, and keeps none. */
export function useFiles(): OpenedByHand {
  const [isOver, setOver] = useState(false);
  const [problem, setProblem] = useState("");
  const open = useCallback((files: readonly File[]) => {
    if (files.length === 0) return;
    setProblem("");
    openAll(files).then(
      (address) => location.assign(address),
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    );
  }, []);
  useEffect(() => {
    const onOver = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent): void => {
      // Else it is a part of the page that is left for another one.
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(false);
      open([...event.dataTransfer.files]);
    };
    document.addEventListener("dragover", onOver);
    document.addEventListener("dragleave", onLeave);
    document.addEventListener("drop", onDrop);
    return () => {
      document.removeEventListener("dragover", onOver);
      document.removeEventListener("dragleave", onLeave);
      document.removeEventListener("drop", onDrop);
    };
  }, [open]);
  return { isOver, problem, open };
}

/** @returns where their report is */
async function openAll(files: readonly File[]): Promise<string> {
  const given = await Promise.all(files.map(async (file) => ({ name: file.name, text: await file.text() })));
  const response = await fetch("open", { method: "POST", body: JSON.stringify({ files: given }) });
  if (!response.ok) throw new Error(await response.text());
  // The page and the server are one program.
  const { address }: { readonly address: string } = await response.json();
  return address;
}
