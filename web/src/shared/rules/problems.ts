/** The codes of problems that WeChat documents and this interface has words for. */
export const PROBLEM_TYPES: readonly number[] = [
  611, 612, 613, 614, 621, 622, 631, 632, 633, 641, 642, 643, 650, 651, 652, 653,
  654, 655, 656, 657, 658, 659, 660, 661, 662, 663, 664, 665, 666, 667, 668, 670,
  671, 672, 673, 674, 675, 676, 677, 678, 679, 610001, 610002, 610003, 610004, 610005,
]
