"""Bedrock's Converse, in which all models of AWS are spoken to alike."""
