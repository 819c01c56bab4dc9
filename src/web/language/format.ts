/** How numbers, sizes, lengths of time and moments read in one language. */
export interface Format {
  number: (value: number) => string;
  /** A share, 0 to 1. */
  percent: (share: number) => string;
  /** US dollars: to the cent from ten cents on, two telling digits below. */
  money: (dollars: number) => string;
  bytes: (bytes: number) => string;
  duration: (milliseconds: number) => string;
  /** A moment, as near as it matters: "5 minutes ago", "Tuesday", "3 May 2026". */
  moment: (iso: string) => string;
  /** The same moment in full, for a title. */
  fullMoment: (iso: string) => string;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** The formats of a language, from what the browser knows of it. */
export function createFormat(locale: string): Format {
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const share = new Intl.NumberFormat(locale, { style: "percent" });
  const dollars = new Intl.NumberFormat(locale, { style: "currency", currency: "USD" });
  const cents = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: 0,
    maximumSignificantDigits: 2,
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  const date = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric" });
  const dateWithYear = new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "numeric" });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });
  const seconds = new Intl.NumberFormat(locale, {
    style: "unit",
    unit: "second",
    unitDisplay: "narrow",
    maximumFractionDigits: 1,
  });
  const unit = (name: "minute" | "second", value: number) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow" }).format(value);
  return {
    number: (value) => numbers.format(value),
    percent: (value) => share.format(value),
    money: (value) => (value >= 0.1 || value === 0 ? dollars : cents).format(value),
    bytes: (bytes) => formatBytes(bytes, numbers),
    duration: (milliseconds) => {
      if (milliseconds < minute) return seconds.format(milliseconds / 1000);
      const whole = Math.round(milliseconds / 1000);
      return `${unit("minute", Math.floor(whole / 60))} ${unit("second", whole % 60)}`;
    },
    moment: (iso) => {
      const then = new Date(iso);
      const age = Date.now() - then.getTime();
      if (age < minute) return relative.format(0, "second");
      if (age < hour) return relative.format(-Math.floor(age / minute), "minute");
      if (age < day) return relative.format(-Math.floor(age / hour), "hour");
      if (age < 7 * day) return relative.format(-Math.floor(age / day), "day");
      return (then.getFullYear() === new Date().getFullYear() ? date : dateWithYear).format(then);
    },
    fullMoment: (iso) => full.format(new Date(iso)),
  };
}

function formatBytes(bytes: number, numbers: Intl.NumberFormat): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${numbers.format(bytes / 1024 ** step)} ${units[step]}`;
}
