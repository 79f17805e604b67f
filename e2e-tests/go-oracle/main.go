// Says of each certificate in a file whether Go reads it and finds the key of its original: `+` or `-`, 100 a line.
//
// The lines of the file are the number of the original and the DER in hexadecimal; the originals come first.
package main

import (
	"bufio"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"log"
	"os"
)

const originals = 4

type publicKey interface{ Equal(crypto.PublicKey) bool }

// key is nil if Go does not read the certificate, or not its key.
func key(der []byte) publicKey {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	key, _ := certificate.PublicKey.(publicKey)
	return key
}

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	var keys []publicKey
	for count := 0; lines.Scan(); count++ {
		var original int
		var text string
		if _, err := fmt.Sscan(lines.Text(), &original, &text); err != nil {
			log.Fatal(err)
		}
		der, err := hex.DecodeString(text)
		if err != nil {
			log.Fatal(err)
		}
		found := key(der)
		if count < originals {
			if found == nil {
				log.Fatalf("original %d is refused", count)
			}
			keys = append(keys, found)
			continue
		}
		verdict := "-"
		if found != nil && found.Equal(keys[original]) {
			verdict = "+"
		}
		fmt.Print(verdict)
		if (count-originals)%100 == 99 {
			fmt.Println()
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
