/* bench/pigo_import - PIGO turns an edge list into its binary file
 *
 *	pigo_import EDGES FILE
 *
 * As directed edges with sorted lists; equal edges stay, for PIGO's removal of them
 * makes a second graph.  PIGO is C++ headers, so this is no part of the build:
 * bench/README.md says how to compile it.
 */
#include <cstdint>
#include <exception>
#include <iostream>

#include "pigo.hpp"

int main(int argc, char **argv)
{
	if (argc != 3)
		return 64;
	try {
		pigo::COO<uint32_t, uint64_t, uint32_t *> edges(argv[1], pigo::EDGE_LIST);
		pigo::CSR<uint32_t, uint64_t, uint32_t *, uint64_t *> graph(edges);

		edges.free();
		graph.sort();
		graph.save(argv[2]);
	} catch (const std::exception &e) {
		std::cerr << "pigo_import: " << e.what() << "\n";
		return 1;
	}
	return 0;
}
