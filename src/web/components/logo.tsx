/** The product's mark and name. */
export function Logo() {
  return (
    <span className="inline-flex items-center gap-2 font-semibold text-[17px] tracking-tight">
      <svg viewBox="0 0 32 32" className="size-6" aria-hidden="true">
        <rect width="32" height="32" rx="9" className="fill-primary" />
        <path
          d="M10 10.5h12L10.5 21.5H22"
          fill="none"
          className="stroke-primary-foreground"
          strokeWidth="3"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      zcbot
    </span>
  );
}
