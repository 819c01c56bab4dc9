import { type DragEvent, type DragEventHandler, useRef, useState } from "react";

/** What to spread on the element that takes dropped files. */
export interface DropZone {
  over: boolean;
  handlers: {
    onDragEnter: DragEventHandler;
    onDragOver: DragEventHandler;
    onDragLeave: DragEventHandler;
    onDrop: DragEventHandler;
  };
}

/** Lets files be dropped on an element; folders are left out, as uploads are flat. */
export function useDropZone(onFiles: (files: File[]) => void): DropZone {
  const [over, setOver] = useState(false);
  // Entering a child fires before leaving its parent: the depth says when the pointer is really out.
  const depth = useRef(0);
  const whenFiles = (handle: (event: DragEvent) => void) => (event: DragEvent) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    handle(event);
  };
  return {
    over,
    handlers: {
      onDragEnter: whenFiles(() => {
        depth.current += 1;
        setOver(true);
      }),
      onDragOver: whenFiles((event) => {
        event.dataTransfer.dropEffect = "copy";
      }),
      onDragLeave: whenFiles(() => {
        depth.current = Math.max(0, depth.current - 1);
        if (depth.current === 0) setOver(false);
      }),
      onDrop: whenFiles((event) => {
        depth.current = 0;
        setOver(false);
        onFiles(filesOf(event.dataTransfer));
      }),
    },
  };
}

/** The plain files of a drop or a paste. */
export function filesOf(transfer: DataTransfer): File[] {
  return [...transfer.items]
    .filter((item) => item.kind === "file" && item.webkitGetAsEntry()?.isDirectory !== true)
    .map((item) => item.getAsFile())
    .filter((file) => file !== null);
}
