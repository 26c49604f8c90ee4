/* SPDX-License-Identifier: Apache-2.0 */
/* What cppcheck, which sees no header of DPDK or jansson, must know of macros that build loops and tables. */
#ifndef CPPCHECK_MACROS_H
#define CPPCHECK_MACROS_H

#define RTE_NODE_REGISTER(node)
#define NF_EDGE_ENUM(edge, name) edge,
#define NF_EDGE_NAME(edge, name) name,
#define RTE_LCORE_FOREACH_WORKER(lcore) for (lcore = 0; lcore < 9; lcore++)
#define RTE_ETH_FOREACH_DEV(port) for (port = 0; port < 9; port++)
#define rte_graph_foreach_node(count, off, graph, node) for (count = 0, off = 0; (node = rte_node_of(graph, off)); count++)
#define json_array_foreach(array, i, value) for (i = 0; (value = json_array_get(array, i)); i++)
#define json_object_foreach(object, key, value) for (key = json_object_iter_key(object); (value = json_object_get(object, key));)

#endif
