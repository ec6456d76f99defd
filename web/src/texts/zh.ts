import { en, type Texts } from "./en";

export const zh: Texts = en;
