import { ArrowUp, Paperclip, Square } from "lucide-react";
import type { Ref } from "react";
import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
} from "react";
import { useNamesForPasted } from "../composer/attachments.ts";
import { SkillList, useSkillCompletion } from "../composer/skill-list.tsx";
import { filesOf } from "../files/drop-zone.ts";
import { UploadBar } from "../files/upload-bar.tsx";
import type { Upload } from "../files/use-upload.ts";
import { useLanguage } from "../language/language.ts";

interface ComposerProps {
  text: string;
  onChange: (text: string) => void;
  onSend: () => void;
  /** Present while a run is active: there is then a button that stops it. */
  onStop?: (() => void) | undefined;
  onFiles: (files: File[]) => void;
  upload: Upload;
  /** Whether the text may be sent now. */
  canSend: boolean;
  placeholder: string;
  tall?: boolean;
  /** What goes with the message, above its text. */
  attached?: ReactNode;
  children?: ReactNode;
  ref?: Ref<{ focus: () => void }>;
}

/** On a touch screen the keyboard would cover what there is to read: it comes only when it is asked for. */
export const touch = matchMedia("(pointer: coarse)");

/**
 * Where a message is written. Enter sends and Shift+Enter breaks the line; on a touch keyboard Enter
 * breaks the line. An Enter that belongs to an input method never sends.
 */
export function Composer(props: ComposerProps) {
  const { text, onChange, onSend, onStop, onFiles, canSend } = props;
  const { t } = useLanguage();
  const area = useRef<HTMLTextAreaElement>(null);
  const chooser = useRef<HTMLInputElement>(null);
  useImperativeHandle(props.ref, () => ({ focus: () => area.current?.focus() }));
  useLayoutEffect(() => fitHeight(area.current, text), [text]);

  useEffect(() => {
    if (!touch.matches) area.current?.focus();
  }, []);

  const nameFiles = useNamesForPasted();
  const skills = useSkillCompletion(text, onChange);
  const keyDown = (event: KeyboardEvent) => {
    // keyCode 229 is an input method's, also in browsers that have ended the composition by then.
    const composing = event.nativeEvent.isComposing || event.keyCode === 229;
    if (!composing && skills?.takeKey(event)) return;
    if (event.key !== "Enter" || event.shiftKey || composing || touch.matches) return;
    event.preventDefault();
    if (canSend) onSend();
  };

  return (
    <div className="space-y-2">
      <UploadBar upload={props.upload} />
      <div className="relative rounded-2xl border border-border-strong bg-card shadow-black/4 shadow-sm transition-colors focus-within:border-primary focus-within:ring-3 focus-within:ring-primary/12">
        {skills && <SkillList completion={skills} />}
        {props.attached}
        <textarea
          ref={area}
          rows={props.tall ? 4 : 1}
          aria-label={props.placeholder}
          aria-autocomplete="list"
          aria-controls={skills?.listId}
          aria-activedescendant={skills ? `${skills.listId}-${skills.active}` : undefined}
          placeholder={props.placeholder}
          className={`block max-h-[42dvh] w-full resize-none bg-transparent px-4 pt-3 pb-1 leading-relaxed outline-none placeholder:text-muted-foreground/80 ${
            props.tall ? "min-h-28" : ""
          }`}
          value={text}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={keyDown}
          onPaste={(event) => {
            const files = filesOf(event.clipboardData);
            if (files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
            event.preventDefault();
            onFiles(nameFiles(files));
          }}
        />
        <div className="flex items-center gap-1 px-2 pb-2">
          <button
            type="button"
            aria-label={t("composer.attach")}
            title={t("composer.attach")}
            className="grid size-9 place-items-center rounded-full text-muted-foreground hover:bg-muted hover:text-foreground"
            onClick={() => chooser.current?.click()}
          >
            <Paperclip size={18} aria-hidden="true" />
          </button>
          <input
            ref={chooser}
            type="file"
            multiple
            hidden
            onChange={(event) => {
              onFiles([...(event.target.files ?? [])]);
              event.target.value = "";
            }}
          />
          <div className="flex min-w-0 flex-1">{props.children}</div>
          {onStop && <StopButton onStop={onStop} />}
          {(!onStop || text.trim() !== "") && <SendButton enabled={canSend} onSend={onSend} />}
        </div>
      </div>
    </div>
  );
}

const round =
  "grid size-9 shrink-0 place-items-center rounded-full transition-opacity pointer-coarse:size-10";

function SendButton({ enabled, onSend }: { enabled: boolean; onSend: () => void }) {
  const { t } = useLanguage();
  return (
    <button
      type="button"
      aria-label={t("composer.send")}
      title={t("composer.send")}
      disabled={!enabled}
      className={`${round} bg-primary text-primary-foreground hover:opacity-90 disabled:bg-muted disabled:text-muted-foreground`}
      onClick={onSend}
    >
      <ArrowUp size={19} aria-hidden="true" />
    </button>
  );
}

function StopButton({ onStop }: { onStop: () => void }) {
  const { t } = useLanguage();
  return (
    <button
      type="button"
      aria-label={t("composer.stop")}
      title={t("composer.stop")}
      className={`${round} bg-foreground text-background hover:opacity-85`}
      onClick={onStop}
    >
      <Square size={13} fill="currentColor" aria-hidden="true" />
    </button>
  );
}

function fitHeight(area: HTMLTextAreaElement | null, text: string): void {
  if (!area) return;
  area.style.height = "auto";
  if (text !== "") area.style.height = `${area.scrollHeight}px`;
}
