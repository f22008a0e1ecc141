/** The shortest password the server takes, in characters; it also refuses the well-known ones, in words. */
export const PASSWORD_MIN = 10
