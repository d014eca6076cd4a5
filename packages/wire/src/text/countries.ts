/** Which code page a user's country suggests. @see icq-udp.md §21 */

/** ICQ's country codes (icq-tables.json), by the code page Windows had there. */
const COUNTRIES: Readonly<Record<number, readonly number[]>> = {
  874: [66],
  932: [81],
  936: [86],
  949: [82, 850],
  950: [886, 852, 853],
  // 42 and 4201 are the Czech Republic and Slovakia of the older list, 420 and 421 of the later.
  1250: [48, 420, 42, 421, 4201, 36, 40, 355, 385, 386, 387],
  // Russia, Belarus, Ukraine, Bulgaria, Macedonia, Mongolia, and the Central Asian republics in both lists.
  1251: [7, 375, 380, 359, 389, 976, 705, 706, 708, 709, 711, 992, 993, 996, 998],
  1253: [30, 357],
  1254: [90, 90392],
  1255: [972],
  1256: [20, 98, 218, 249, 961, 962, 963, 964, 965, 966, 967, 968, 971, 973, 974],
  1257: [370, 371, 372],
  1258: [84],
};

const byCountry = new Map(Object.entries(COUNTRIES).flatMap(([codepage, countries]) => countries.map((country) => [country, Number(codepage)] as const)));

/**
 * The code page people of a country most likely type in.
 *
 * @param country ICQ's country code, from the profile
 * @returns undefined where the server's `default_codepage` is the best guess
 */
export function codepageForCountry(country: number): number | undefined {
  return byCountry.get(country);
}
