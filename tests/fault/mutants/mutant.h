/* tests/fault/mutants/mutant.h - which rule a mutant breaks */
#ifndef TESTS_FAULT_MUTANT_H
#define TESTS_FAULT_MUTANT_H

extern const char mutant_rule[];
extern const unsigned mutant_modes;	/* enum fault_mode */

#endif
