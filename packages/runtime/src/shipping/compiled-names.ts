/** Names and marks in what is compiled of a shell, which both sides must agree on. */

/** What the text of a function that came from elsewhere begins with. */
export const revivedMark = '/*dialback*/'

/** The variable that holds the references of such a function, for functions that are created within it. */
export const referencesName = '$dialback'

/** The property of these references that says whether the function is in strict mode. */
export const strictKey: unique symbol = Symbol('dialback strict')

/** The property of an object in scope that holds its variables which several functions share, by name. */
export const cellsKey: unique symbol = Symbol('dialback cells')

/** The function that the source of a class sets so that its private static fields can be assigned. */
export const privatesName = '$dialbackPrivates'
