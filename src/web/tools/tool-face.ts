import {
  BookOpen,
  Bot,
  Brain,
  FilePen,
  FileSearch,
  FileText,
  FolderTree,
  Globe,
  ListTodo,
  type LucideIcon,
  MessageCircleQuestion,
  Plug,
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
  grep: { icon: FileSearch, label: "tool.grep" },
  glob: { icon: Search, label: "tool.glob" },
  fetch: { icon: Globe, label: "tool.fetch" },
  search_web: { icon: Globe, label: "tool.search_web" },
  todo: { icon: ListTodo, label: "tool.todo" },
  delegate: { icon: Bot, label: "tool.delegate" },
  skill: { icon: BookOpen, label: "tool.skill" },
  remember: { icon: Brain, label: "tool.remember" },
  recall: { icon: Brain, label: "tool.recall" },
  process: { icon: SquareTerminal, label: "tool.process" },
};

/** The server and the name of a tool that another server offers: `mcp__server__name`. */
const foreign = /^mcp__(.+?)__(.+)$/s;

/** What a tool is called in the person's language; its own name where it is not one of ours. */
export function toolLabel(name: string, t: Language["t"]): string {
  const face = Object.hasOwn(faces, name) ? faces[name] : undefined;
  if (face) return t(face.label);
  const [, server, tool] = foreign.exec(name) ?? [];
  return server === undefined || tool === undefined ? name : `${server} · ${tool}`;
}

/** The picture of a tool. */
export function toolIcon(name: string): LucideIcon {
  const face = Object.hasOwn(faces, name) ? faces[name] : undefined;
  return face?.icon ?? (foreign.test(name) ? Plug : Wrench);
}
