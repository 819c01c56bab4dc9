import {
  FilePen,
  FileText,
  FolderTree,
  Globe,
  type LucideIcon,
  MessageCircleQuestion,
  Search,
  SquareTerminal,
  Wrench,
} from "lucide-react";
import type { Language } from "../language/language.ts";
import type { Key } from "../language/translate.ts";

const faces: Record<string, { icon: LucideIcon; label: Key }> = {
  ask: { icon: MessageCircleQuestion, label: "tool.ask" },
  bash: { icon: SquareTerminal, label: "tool.bash" },
  read: { icon: FileText, label: "tool.read" },
  write: { icon: FilePen, label: "tool.write" },
  edit: { icon: FilePen, label: "tool.edit" },
  list: { icon: FolderTree, label: "tool.list" },
  search: { icon: Search, label: "tool.search" },
  find: { icon: Search, label: "tool.find" },
  fetch: { icon: Globe, label: "tool.fetch" },
};

/** What a tool is called in the person's language; its own name where it is not one of ours. */
export function toolLabel(name: string, t: Language["t"]): string {
  const face = Object.hasOwn(faces, name) ? faces[name] : undefined;
  return face ? t(face.label) : name;
}

/** The picture of a tool. */
export function toolIcon(name: string): LucideIcon {
  return (Object.hasOwn(faces, name) ? faces[name]?.icon : undefined) ?? Wrench;
}
