/** Answers by the first digit of their status: a fast refusal must never be mistaken for a fast answer. */

/** By status / 100; the first is a request without an answer. */
export const classNames = ['error', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
export const ERROR_CLASS = 0
/** 5xx answers are errors: a fast failure must never look like a fast answer. */
export const FIRST_ERROR_STATUS = 500
