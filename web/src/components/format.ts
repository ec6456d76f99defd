import { useMemo } from "react";
import { useLocale, useTexts } from "../texts";

/** Moments are seconds since the epoch; shown in the reader's zone and language. */
export interface Formats {
  /** October 04, 2021 at 13:05:06 (UTC-07:00) */
  moment: (seconds: number) => string;
  /** July 13, 2021 */
  date: (seconds: number) => string;
  /** Figures of evaluations: three decimals; null is "N/A". */
  score: (value: number | null | undefined) => string;
  /** A share of 1 in percent with one decimal. */
  percent: (share: number) => string;
  number: (value: number, decimals?: number) => string;
  bytes: (value: number) => string;
  /** 1 h 2 min, 2 min 5 s, 5 s */
  duration: (seconds: number) => string;
}

export function useFormats(): Formats {
  const locale = useLocale();
  const { common } = useTexts();
  return useMemo(() => createFormats(locale, common.notAvailable), [locale, common.notAvailable]);
}

export function createFormats(locale: string, notAvailable: string, timeZone?: string): Formats {
  const zone = timeZone === undefined ? {} : { timeZone };
  const date = new Intl.DateTimeFormat(locale, { year: "numeric", month: "long", day: "2-digit", ...zone });
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", ...zone });
  const offset = new Intl.DateTimeFormat("en-US", { timeZoneName: "longOffset", ...zone });
  const score = new Intl.NumberFormat(locale, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const at = locale.startsWith("en") ? " at " : " ";
  return {
    moment: (seconds) => {
      const when = new Date(seconds * 1000);
      const zoneName = offset.formatToParts(when).find((part) => part.type === "timeZoneName")?.value ?? "";
      const utc = zoneName.replace("GMT", "UTC").replace("UTC+00:00", "UTC");
      return `${date.format(when)}${at}${time.format(when)} (${utc})`;
    },
    date: (seconds) => date.format(new Date(seconds * 1000)),
    score: (value) => (value === null || value === undefined ? notAvailable : score.format(value)),
    percent: (share) => percent.format(share),
    number: (value, decimals = 0) =>
      new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value),
    bytes: (value) => bytesText(value, locale),
    duration: durationText,
  };
}

function bytesText(value: number, locale: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  let rest = value;
  let at = 0;
  while (rest >= 1000 && at < units.length - 1) {
    rest /= 1000;
    at += 1;
  }
  const unit = units[at] ?? "byte";
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: at === 0 ? 0 : 1 }).format(rest);
}

function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return `${minutes} min ${whole % 60} s`;
  return `${whole} s`;
}
